"""Sums and moments of windows, built up pairwise from halves, never by adding and subtracting.

The order of combination and the arithmetic are those of the Polars rules (`Scope.fold`), to the bit: blocks of 1, 2, 4
... rows, then those that make up the length, newest first. Each block is a series of its own, which windows of other
lengths, and other functions over the same input, share. A window with a hole is undefined while the hole is inside, by
arithmetic alone. Moments of two neighbouring blocks combine after Chan, Golub and LeVeque (1979).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from .declaring import composed, elementwise
from .lanes import Lanes, function, where

if TYPE_CHECKING:
    from .graphs import Call, Series

Block: TypeAlias = "tuple[Series, ...]"
Combine: TypeAlias = "Callable[[Block, int, Block, int], Block]"

FAR: Final = 2.0**480
"""Above it, and below its inverse, the product of two spreads might be beyond the numbers."""
BRINGS_NEARER: Final = 2.0**600
"""Spreads that are so far are divided by it, or multiplied."""
ITS_ROOT: Final = 2.0**300


def fold(leaf: Block, length: int, combine: Combine) -> Block:
    """The last `length` rows of `leaf` combined pairwise: `combine(older, its width, newer, its width)`."""
    block, width, taken = leaf, 1, 0
    whole: Block | None = None
    while True:
        if length & width:
            whole = block if whole is None else combine(_ago(block, taken), width, whole, taken)
            taken += width
        if 2 * width > length:
            assert whole is not None
            return whole
        block = combine(_ago(block, width), width, block, width)
        width *= 2


def _ago(block: Block, bars: int) -> Block:
    return tuple(series.ago(bars) for series in block)


@composed
def sum_(call: Call, x: Series, *, n: float) -> Series:
    """The sum of the last `n` values."""

    def combine(older: Block, _: int, newer: Block, __: int) -> Block:
        return (call("total", older[0], newer[0]),)

    return call("finite", fold((x,), int(n), combine)[0])


@composed
def product(call: Call, x: Series, *, n: float) -> Series:
    """The product of the last `n` values."""

    def combine(older: Block, _: int, newer: Block, __: int) -> Block:
        return (call("times", older[0], newer[0]),)

    return call("finite", fold((x,), int(n), combine)[0])


@composed
def sma(call: Call, x: Series, *, n: float) -> Series:
    """The mean of the last `n` values."""

    def combine(older: Block, older_width: int, newer: Block, newer_width: int) -> Block:
        return (_mean(call, older[0], older_width, newer[0], newer_width),)

    return call("finite", fold((x,), int(n), combine)[0])


@composed
def variance(call: Call, x: Series, *, n: float) -> Series:
    """Population variance. Polars divides by a constant by multiplying with its inverse; so do we."""
    return call("scaled", _spread(call, x, n), factor=1.0 / n)


@composed
def slope(call: Call, x: Series, *, n: float) -> Series:
    """The slope, per bar, of the least-squares line through the last `n` values."""

    def combine(older: Block, older_width: int, newer: Block, newer_width: int) -> Block:
        # co-movement with the bar's number: two blocks' middles lie half their joint width apart
        trend = call("trend", *older, *newer, weight=older_width * newer_width / 2)
        return _mean(call, older[0], older_width, newer[0], newer_width), trend

    trend = fold((x, call("zero", x)), int(n), combine)[1]
    return call("scaled", trend, factor=1.0 / (n * (n * n - 1.0) / 12.0))


@composed
def covariance(call: Call, x: Series, y: Series, *, n: float) -> Series:
    """Population covariance of two series."""
    return call("scaled", _comovement(call, x, y, n), factor=1.0 / n)


@composed
def correlation(call: Call, x: Series, y: Series, *, n: float) -> Series:
    """Pearson's correlation of two series; undefined where one of them is flat."""
    x, y = call("where_defined", x, y), call("where_defined", y, x)
    return call("correlated", _spread(call, x, n), _spread(call, y, n), _comovement(call, x, y, n))


def _mean(call: Call, older: Series, older_width: int, newer: Series, newer_width: int) -> Series:
    if older_width == newer_width:
        return call("middle", older, newer)
    return call("weighed", older, newer, share=older_width / (older_width + newer_width))


def _spread(call: Call, x: Series, n: float) -> Series:
    """The sum of squared distances from the window's mean."""

    def combine(older: Block, older_width: int, newer: Block, newer_width: int) -> Block:
        spread = call("spread", *older, *newer, weight=older_width * newer_width / (older_width + newer_width))
        return _mean(call, older[0], older_width, newer[0], newer_width), spread

    return fold((x, call("zero", x)), int(n), combine)[1]


def _comovement(call: Call, x: Series, y: Series, n: float) -> Series:
    """The sum of products of the distances from the two means."""

    def combine(older: Block, older_width: int, newer: Block, newer_width: int) -> Block:
        together = call("comovement", *older, *newer, weight=older_width * newer_width / (older_width + newer_width))
        x, y = (_mean(call, older[k], older_width, newer[k], newer_width) for k in (0, 1))
        return x, y, together

    return fold((x, y, call("add", call("zero", x), call("zero", y))), int(n), combine)[2]


@elementwise
def total(older: Lanes, newer: Lanes) -> Lanes:
    """The sum of two blocks' sums, finite or not."""
    return older + newer


@elementwise
def times(older: Lanes, newer: Lanes) -> Lanes:
    """The product of two blocks' products, finite or not."""
    return older * newer


@elementwise
def middle(older: Lanes, newer: Lanes) -> Lanes:
    """The mean of two means of equal weight; exact where both are the same number."""
    return older * 0.5 + newer * 0.5


@elementwise
def weighed(older: Lanes, newer: Lanes, *, share: Lanes) -> Lanes:
    """The mean of two means, `share` being the older one's; exact where both are the same number."""
    return newer + (older - newer) * share


@elementwise
def spread(mean_old: Lanes, old: Lanes, mean_new: Lanes, new: Lanes, *, weight: Lanes) -> Lanes:
    """The spread of two blocks together, from their means and spreads."""
    gap = mean_new - mean_old
    return old + new + gap * gap * weight


@elementwise
def trend(mean_old: Lanes, old: Lanes, mean_new: Lanes, new: Lanes, *, weight: Lanes) -> Lanes:
    """The trend of two blocks together, from their means and trends."""
    return old + new + (mean_new - mean_old) * weight


@elementwise
def comovement(
    x_old: Lanes, y_old: Lanes, old: Lanes, x_new: Lanes, y_new: Lanes, new: Lanes, *, weight: Lanes
) -> Lanes:
    """The co-movement of two blocks together, from their means and co-movements."""
    return old + new + (x_new - x_old) * (y_new - y_old) * weight


@elementwise
def where_defined(x: Lanes, y: Lanes) -> Lanes:
    """`x` where both are defined."""
    return x + (y - y)


@elementwise
def correlated(spread_x: Lanes, spread_y: Lanes, together: Lanes) -> Lanes:
    """Correlation from two spreads and the co-movement, kept within -1 and 1.

    The root of a product is rounded less often than a product of roots, is exactly the spread where both are the same,
    and takes two thirds of the time.
    """
    (x, x_root), (y, y_root) = _nearer(spread_x), _nearer(spread_y)
    value = together / (function("sqrt", x * y) * (x_root * y_root))
    return where(value > 1.0, 1.0, where(value < -1.0, -1.0, value))


def _nearer(spread: Lanes) -> tuple[Lanes, Lanes]:
    """The spread, brought nearer by a power of two where it is far from 1, and the root of what takes it back."""
    far, small = spread > FAR, spread < 1.0 / FAR
    near = where(far, spread * (1.0 / BRINGS_NEARER), where(small, spread * BRINGS_NEARER, spread))
    return near, where(far, ITS_ROOT, where(small, 1.0 / ITS_ROOT, 1.0))
