"""Extremes of windows of which one stands until another takes its place: compiled kernels say which."""

from __future__ import annotations

from ..declaring import recursive
from ..kinds import Length, Numbers
from ..scope import Scope


@recursive(bounded=True)
def standing(scope: Scope, newest: Numbers, oldest: Numbers, n: Length = 14) -> Numbers:
    """How many bars ago what stands was, of the equal extremes of `n` bars whose newest and oldest are given, in bars.

    An extreme stands until another is as large, which then stands itself, or until it leaves the `n` bars: then the
    oldest follows. See standing_highest_bar.
    """
    return scope.kernel("standing", [newest, oldest], [n])[0]
