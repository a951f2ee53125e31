"""Other symbols that a formula names: loaded before the first batch, under a clock of their own, until cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import polars as pl

from ..data.guessing import guess_at
from ..errors import ProcessingEngineError, RepositoryError
from ..formulas.freezing import frozen
from .aside import JobEndedError
from .batching import Batch
from .controlling import Control, Ticket
from .limits import Limits
from .loading import Loaded, Loader
from .results import SymbolError
from .running import Runner
from .sources import symbols_of


@frozen
class References:
    """The candles of other symbols, from their first bar, since a sparse symbol's window may span years."""

    symbols: tuple[str, ...]
    loader: Loader

    def load(self, limits: Limits, control: Control) -> dict[str, pl.DataFrame]:
        """Each symbol's candles; none when the job is cancelled meanwhile, since no batch will start then.

        Raises RepositoryError where the repository fails, and ProcessingEngineError when a symbol has no usable bars
        or they are not there in time.
        """
        found: list[Loaded] = []

        def work(batch: Batch, ticket: Ticket) -> Loaded:
            with ticket.place("load"):
                return self.loader.load(batch.symbols, ticket)

        def finished(_: Batch, loaded: Loaded) -> None:
            found.append(loaded)

        def failed(batch: Batch, error: SymbolError) -> None:
            _refuse(batch.symbols, error)

        try:
            Runner(limits, control, work, finished, failed, whole=True, divisible=False).run([Batch(self.symbols)])
        except JobEndedError as ended:  # of a cancelled job what is finished is returned; all else is refused
            if ended.error.kind == "cancelled":
                return {}
            _refuse(self.symbols, ended.error)
        return {name: self._candles_of(name, loaded) for loaded in found for name in self.symbols}

    def _candles_of(self, name: str, loaded: Loaded) -> pl.DataFrame:
        candles = loaded.frame.filter(pl.col("symbol") == name)
        if candles.is_empty():
            _refuse([name], loaded.errors.get(name) or self._missing(name))
        return candles

    def _missing(self, name: str) -> SymbolError:
        known = symbols_of(self.loader.repository, self.loader.request.timeframe, ())
        return SymbolError("candles", f"the repository has no bars of it{guess_at(name, known)}")


def _refuse(symbols: Sequence[str], error: SymbolError) -> NoReturn:
    kind = RepositoryError if error.kind == "repository" else ProcessingEngineError
    which = ", ".join(f"symbol({name!r})" for name in symbols)
    raise kind(f"{which} in the formula cannot be had: {error}")
