"""Numbers that an engine is told when it is made, checked."""

from __future__ import annotations

import os

from ..errors import ProcessingEngineError


def whole(name: str, value: object, least: int) -> int:
    """A whole number that was given for `name`, checked."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ProcessingEngineError(f"{name} is {value!r}; a whole number from {least} is needed")
    return value


def seconds(name: str, value: object) -> float:
    """A time that was given for `name`, checked."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
        raise ProcessingEngineError(
            f"{name} is {value!r}; it is a number of seconds above 0 (float('inf') for no limit)"
        )
    return value


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
