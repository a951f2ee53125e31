"""The primitives, each declared once. Importing this package fills the registry."""

from __future__ import annotations

from . import (
    across,
    arithmetic,
    calendar,
    events,
    extremes,
    lengths,
    logic,
    moments,
    quantiles,
    shapes,
    smoothing,
    trailing,
    weights,
    windows,
)

__all__ = [
    "across",
    "arithmetic",
    "calendar",
    "events",
    "extremes",
    "lengths",
    "logic",
    "moments",
    "quantiles",
    "shapes",
    "smoothing",
    "trailing",
    "weights",
    "windows",
]
