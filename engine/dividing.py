"""Into which batches a job's universe is divided, by what its candles come from and what computes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..data.gathered import can_be_gathered
from ..formulas.freezing import frozen
from ..formulas.kernels.lanes import LANES
from .batching import (
    FEW_ROWS,
    MOST_CUT_SYMBOLS,
    MOST_ROWS,
    MOST_SYMBOLS,
    MOST_TILED_ROWS,
    Batch,
    cut,
    rows_per_batch,
)
from .demanding import is_tiled, quick_rows
from .evaluating import Evaluator, ServiceEvaluator
from .loading import Loader
from .sources import borders_of, checks_itself, read_apart
from .splitting import Selection

SERVICE_SYMBOLS: Final = 16  # a user's service may be slow: small batches keep timeouts and cancel close to the culprit


@frozen
class Work:
    """What is done with each batch, of which so many are in flight; `bar` are the bytes that a bar takes meanwhile."""

    loader: Loader
    evaluator: Evaluator
    selection: Selection
    in_flight: int
    bar: int

    def divided(self, sizes: Mapping[str, int], room: int) -> list[Batch]:
        """Batches of symbols that have so many bars each, which share the room, in bytes."""
        at_once, total = quick_rows(self.evaluator, self.selection, room // self.in_flight), sum(sizes.values())
        repository = self.loader.repository
        all_over = total > FEW_ROWS and not read_apart(repository) and not can_be_gathered(repository)
        # of what is at hand, and of what is gone over for each batch, few batches are best
        quick = at_once if at_once and (all_over or self.loader.is_at_hand) else 0
        few = min(at_once, FEW_ROWS) if not quick and checks_itself(repository) else 0
        most = MOST_CUT_SYMBOLS if quick or total <= few else MOST_SYMBOLS
        return self._cut(sizes, room, most, few, quick)

    def sent_away(self, sizes: Mapping[str, int], limit: int) -> list[Batch]:
        """Batches that are computed elsewhere, where each has a room of `limit` bytes for itself."""
        return self._cut(sizes, limit * self.in_flight, MOST_SYMBOLS)

    def _cut(self, sizes: Mapping[str, int], room: int, symbols: int, few: int = 0, quick: int = 0) -> list[Batch]:
        in_tiles, total = is_tiled(self.evaluator), sum(sizes.values())
        rows = rows_per_batch(
            room,
            self.bar,
            self.in_flight,
            total,
            most=MOST_TILED_ROWS if in_tiles else MOST_ROWS,
            few=few,
            lanes=LANES * total / max(1, len(sizes)) if in_tiles else 1,
            quick=quick,
        )
        borders = borders_of(self.loader.repository, self.loader.request.timeframe)
        most = SERVICE_SYMBOLS if isinstance(self.evaluator, ServiceEvaluator) else symbols
        return cut(sizes, rows, most, borders)
