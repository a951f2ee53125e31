"""The symbols that bars have come of: each has a place for good, and a last bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Final

import numpy as np

from ...formulas.freezing import mutable
from ..executors.columns import Whole

NEVER: Final = np.iinfo(np.int64).min
"""The last ts of a symbol that has had no bar."""


@mutable
class Members:
    """`last` has the ts of each place's last bar, as Polars keeps them: days or microseconds since 1970."""

    places: dict[str, int] = field(default_factory=dict)
    last: Whole = field(default_factory=lambda: np.zeros(0, np.int64))
    _asked: tuple[Sequence[str], Whole] = ((), np.zeros(0, np.int64))

    @property
    def newest(self) -> int:
        """The last ts of all."""
        return int(self.last.max(initial=NEVER))

    def places_of(self, symbols: Sequence[str]) -> Whole:
        """Their places; those that were not there get one. The same symbols mostly come again."""
        known, found = self._asked
        if known == symbols:
            return found
        for symbol in symbols:
            self.places.setdefault(symbol, len(self.places))
        if len(self.places) > self.last.size:
            self.last = np.concatenate([self.last, np.full(len(self.places) - self.last.size, NEVER)])
        found = np.array([self.places[symbol] for symbol in symbols], np.int64)
        self._asked = symbols, found
        return found
