"""The primitives, each declared once. Importing this package fills the registry."""

from __future__ import annotations

from . import (
    across,
    adaptive,
    angles,
    arithmetic,
    calendar,
    cycles,
    events,
    extremes,
    following,
    lengths,
    logic,
    moments,
    partial,
    quantiles,
    shapes,
    smoothing,
    swings,
    trailing,
    weights,
    windows,
)

__all__ = [
    "across",
    "adaptive",
    "angles",
    "arithmetic",
    "calendar",
    "cycles",
    "events",
    "extremes",
    "following",
    "lengths",
    "logic",
    "moments",
    "partial",
    "quantiles",
    "shapes",
    "smoothing",
    "swings",
    "trailing",
    "weights",
    "windows",
]
