"""What is compared: a formula over candles with the values that a reference gives for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
COLUMNS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Case:
    """One column of a reference.

    `grade` is M (worked by hand, in a spreadsheet or a book), T (another project's regression output) or R (another
    project's code, run on a file given here). `columns` are candle columns by name, `expected` is NaN where the
    reference says nothing. It is exact, or rounded to so many `decimals`, or to so many `digits` of each number, or
    good `within` so much, as the reference's own test has it. `scale` is the size of the terms where values come near
    zero by cancellation. A reference that draws back in time knows more than could be known then: our value is that of
    `late` bars later.
    """

    source: str
    name: str
    grade: str
    formula: str
    columns: Mapping[str, Sequence[float | None]]
    expected: Values
    decimals: int | None = None
    digits: int | None = None
    within: float = 0.0
    scale: float = 0.0
    late: int = 0

    @property
    def rounding(self) -> Values:
        """By how much each expected value may be off for having been rounded."""
        if self.digits is not None:
            with np.errstate(divide="ignore"):
                first = np.floor(np.log10(np.abs(self.expected)))
            return 0.5 * 10.0 ** (np.where(np.isfinite(first), first, 0.0) + 1 - self.digits)
        return np.full(len(self.expected), self.within if self.decimals is None else 0.5 * 10.0**-self.decimals)


def values(numbers: Iterable[float | None]) -> Values:
    """Numbers as an array, NaN for none."""
    return np.array([np.nan if number is None else float(number) for number in numbers])


def at_the_end(numbers: Sequence[float | None], bars: int) -> Values:
    """Values of the last bars, after bars of which the reference says nothing."""
    return np.concatenate([np.full(bars - len(numbers), np.nan), values(numbers)])


def at_bars(said: Mapping[int, float], bars: int) -> Values:
    """Values at some bars; the reference says nothing of the others."""
    expected = np.full(bars, np.nan)
    for bar, value in said.items():
        expected[bar] = value
    return expected
