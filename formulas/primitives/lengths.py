"""Look-ups and sums whose number of bars differs from bar to bar, up to a bound."""

from __future__ import annotations

from ..declaring import window
from ..kinds import Length, Numbers
from ..scope import Scope


@window(warmup=lambda _: 0, reach=lambda most: most, bounded=True, by_event=True)
def shift_by(scope: Scope, x: Numbers, n: Numbers, max: Length = 100) -> Numbers:
    """The value `n` bars ago, where `n` differs from bar to bar; undefined where it is no whole number from 0 to max.

    For a constant number of bars write x[n].
    """
    return scope.kernel("shift_by", [x, n], [max])[0]


@window(warmup=lambda _: 0, reach=lambda most: most - 1, bounded=True, by_event=True)
def sum_bars(scope: Scope, x: Numbers, a: Numbers, max: Length) -> Numbers:
    """Over how many bars, from this one back, `x` has to be summed until the sum is at least `a`: 1 is this bar alone.

    Undefined where max bars do not suffice, and where a hole comes before. As Tongdaxin's SUMBARS.
    """
    return scope.kernel("sum_bars", [x, a], [max])[0]
