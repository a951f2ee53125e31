"""The params of a formula: their values, and which others they may take."""

from __future__ import annotations

import math

from ..declaring import Setting
from ..freezing import frozen
from .applying import shown_value


@frozen
class Tunable:
    """A `param` of a formula: its value, and the values it may take (bounds, or a list of options)."""

    name: str
    value: Setting
    low: float | None = None
    high: float | None = None
    step: float | None = None
    options: tuple[Setting, ...] = ()

    def describe(self) -> str:
        """The values it may take, for messages."""
        if self.options:
            return f"one of {', '.join(map(shown_value, self.options))}"
        bounds = "" if self.low is None else f" from {self.low:g} to {self.high:g}"
        return f"a {'number' if isinstance(self.value, float) else type(self.value).__name__}{bounds}"

    def admits(self, value: object) -> bool:
        """Whether `value` is of the param's kind and within its range."""
        if isinstance(value, bool) or isinstance(self.value, bool):
            return isinstance(value, bool) and isinstance(self.value, bool)
        if isinstance(self.value, str) or isinstance(value, str):
            return type(value) is type(self.value) and (not self.options or value in self.options)
        if not isinstance(value, int | float) or not is_finite(value):
            return False
        inside = self.low is None or self.high is None or self.low <= value <= self.high
        return inside and (not self.options or value in self.options)


def is_finite(value: float) -> bool:
    """Whether a number can be computed with: integers of Python's may be too large for that."""
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond the largest float is the answer, no fault
        return False
