"""What a job needs of the memory: told beforehand, from the plan and the bars that there are.

Of the room that an engine has, batches at work take a part, results that wait to be handed out the other. A job of
which even the least part would not fit is refused before it starts, with the figures.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import field
from typing import Final

from ..errors import ProcessingEngineError
from ..formulas.freezing import frozen
from .batching import Batch
from .results import counted

MEGABYTE: Final = 1_000_000
MOST_AT_WORK: Final = 2**31
"""Bytes that batches at work take at the most: with more they would be no faster, even those of a hundred formulas."""


@frozen
class Demand:
    """What a job's batches need: `bar` bytes for each of the bars that `sizes` has by symbol.

    That much they take as a rule; `most` are those of a bar where every bar is found, as far as that may be more.
    `reported` are the bytes of all results, as far as that is known. Of a plan across symbols, `whole` are the bytes of
    each bar that are held for all symbols at once, and `movable` those that may be put aside meanwhile; `way_out` is
    what else its user can do.
    """

    bar: int = 1
    sizes: Mapping[str, int] = field(default_factory=dict)
    most: int = 0
    reported: int = 0
    whole: int = 0
    movable: int = 0
    way_out: str = ""

    def of(self, batch: Batch) -> int:
        """Bytes that a batch takes while it is at work."""
        return self.bar * sum(map(self.sizes.get, batch.symbols, itertools.repeat(0)))

    @property
    def surely(self) -> float:
        """How many times that it may come to, at the most.

        >>> Demand(100, most=150).surely, Demand(100).surely
        (1.5, 1.0)
        """
        return max(1.0, self.most / self.bar)

    @property
    def bars(self) -> int:
        """All bars."""
        return sum(self.sizes.values())

    @property
    def held(self) -> int:
        """Bytes that are held for all symbols at once: no room for batches and results."""
        return self.whole * self.bars

    def at_work(self, room: int) -> int:
        """Of so many bytes those that batches at work may take, MOST_AT_WORK at the most.

        Half, and less where results then fit beside them.

        >>> Demand(100, {"A": 10}, reported=600).at_work(1000), Demand(100, {"A": 10}, reported=5000).at_work(1000)
        (400, 500)
        """
        beside = room - self.reported
        usual = min(room // 2, MOST_AT_WORK)
        return min(usual, beside) if beside >= room // 3 else usual

    def assert_fits(self, limit: int, left: int) -> None:
        """Raise ProcessingEngineError where the job cannot keep to the limit, of which so many bytes are left."""
        if self.whole and self.held > left:
            raise ProcessingEngineError(
                f"memory_limit is {_megabytes(limit)}, of which {_megabytes(left)} are left, and the job cannot keep "
                f"to it: a ranking across symbols holds all of them at once, {counted(self.bars, 'bar')} of "
                f"{self.whole} bytes, {_megabytes(self.held)}. Raise memory_limit, or ask for fewer "
                f"symbols or a shorter range{self.way_out}"
            )
        symbol = max(self.sizes, key=self.sizes.__getitem__, default="")
        bars = self.sizes.get(symbol, 0)
        if self.bar * bars > limit - self.held:
            beside = f" beside the {_megabytes(self.held)} of a ranking" if self.held else ""
            raise ProcessingEngineError(
                f"memory_limit is {_megabytes(limit)}, and the job cannot keep to it: {symbol} alone has "
                f"{counted(bars, 'bar')}, of which this plan holds {self.bar} bytes each while it works, "
                f"{_megabytes(self.bar * bars)}{beside}. Raise memory_limit, or ask for a shorter range or fewer "
                "formulas"
            )


def _megabytes(size: int) -> str:
    return f"{max(0, size) / MEGABYTE:,.1f} MB"
