"""The primitives, each declared once. Importing this package fills the registry."""

from . import (
    across,
    adaptive,
    angles,
    arithmetic,
    calendar,
    cycles,
    events,
    logic,
    moments,
    smoothing,
    swings,
    trailing,
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
    "logic",
    "moments",
    "smoothing",
    "swings",
    "trailing",
    "windows",
]
