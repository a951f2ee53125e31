"""The primitives, each declared once. Importing this package fills the registry."""

from . import across, arithmetic, calendar, events, logic, moments, smoothing, trailing, windows

__all__ = ["across", "arithmetic", "calendar", "events", "logic", "moments", "smoothing", "trailing", "windows"]
