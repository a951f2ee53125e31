"""Extremes of windows of which one stands until another takes its place: compiled kernels say which."""

from __future__ import annotations

from ..declaring import recursive
from ..kinds import HIGH, Length, Numbers
from ..scope import Scope


@recursive(warmup=lambda n: n - 1, bounded=True)
def standing_highest_bar(scope: Scope, x: Numbers = HIGH, n: Length = 14) -> Numbers:
    """How many bars ago the largest of the last `n` values was; of equal ones the one that stands, as TA-Lib counts.

    A value stands until another is as large, which then stands itself, or until it leaves the `n` bars: then the oldest
    of the largest follows. So on ties all earlier bars have a say; `highest_bar` takes the nearest.
    """
    return scope.kernel("standing_highest_bar", [x], [n])[0]
