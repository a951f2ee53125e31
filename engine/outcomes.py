"""What became of each requested symbol, looked up when somebody asks: most look at the matches alone."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import cached_property

from ..data.guessing import guess_at
from ..formulas.freezing import frozen


@frozen(eq=False, slots=False)
class Outcomes:
    """Figures by symbol, of which some symbols have none.

    `symbols` are the requested ones, in that order and as often as they were asked for; `order` has them once, in the
    order of the table of matches, of which `found` has the rows of each. `bars` are those inside the range, `elapsed`
    is in seconds.

    >>> outcomes = Outcomes(("B", "A", "C"), ("A", "B", "C"), {"A": 2, "C": 1}, {"A": 9, "B": 9, "C": 9}, {})
    >>> [(symbol, *outcomes.rows(symbol)) for symbol in outcomes.symbols]
    [('B', 2, 0), ('A', 0, 2), ('C', 2, 1)]
    """

    symbols: Sequence[str]
    order: Sequence[str]
    found: Mapping[str, int]
    bars: Mapping[str, int]
    elapsed: Mapping[str, float]

    @cached_property
    def places(self) -> Mapping[str, int]:
        """The place of each symbol among those requested; of one that was asked for twice the last."""
        return {symbol: place for place, symbol in enumerate(self.symbols)}

    def place(self, symbol: str) -> int:
        """The place of a symbol; KeyError, with a guess at what was meant, where it was not requested."""
        if symbol not in self.places:
            raise KeyError(f"{symbol!r} was not asked for{guess_at(symbol, self.places)}")
        return self.places[symbol]

    @cached_property
    def _offsets(self) -> Mapping[str, int]:
        counts = map(self.found.get, self.order, itertools.repeat(0))
        return dict(zip(self.order, itertools.accumulate(counts, initial=0), strict=False))

    def rows(self, symbol: str) -> tuple[int, int]:
        """Where a symbol's matches begin in the table, and how many there are."""
        return self._offsets[symbol], self.found.get(symbol, 0)
