"""Reading a batch's candles: asked once for what the plan needs, tried again when that may help, then checked.

A symbol whose rows are unusable leaves the batch here, with its error; the others go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Final

import polars as pl
import pyarrow as pa

from ..data.candles import Candles
from ..data.checking import CheckedCandles, check_candles
from ..data.policies import CandlePolicy, companions
from ..data.repository import CandleRepository
from ..errors import RepositoryError
from ..formulas.freezing import frozen
from .controlling import Ticket
from .doubting import as_asked, as_table
from .jobs import DateRange
from .results import SymbolError, counted
from .retrying import Retries
from .running import describe
from .sources import are_at_hand, checks_itself, columns_of, interrupt_of

KEYS: Final = ("symbol", "ts")


@frozen
class Request:
    """What is asked of the repository for every batch; `before` bars ahead of the range, None: all of them."""

    timeframe: str
    bounds: DateRange
    columns: tuple[str, ...]
    before: int | None


@frozen
class Loaded:
    """A batch's usable candles, sorted by (symbol, ts), and what was wrong with the others."""

    candles: Candles
    errors: dict[str, SymbolError] = field(default_factory=dict)
    defects: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def frame(self) -> pl.DataFrame:
        """The candles as one frame: symbol, ts and the other columns."""
        return self.candles.frame


@frozen
class Loader:
    """Loads and checks candles; safe to call from several threads if the repository is."""

    repository: CandleRepository
    request: Request
    policy: CandlePolicy
    retries: int

    @property
    def is_at_hand(self) -> bool:
        """Whether a load only cuts the candles out of what is held, once that was looked at."""
        return are_at_hand(self.repository, self.request.timeframe, self.request.columns, self.policy)

    def load(self, symbols: Sequence[str] | None, ticket: Ticket, *, patient: bool = True) -> Loaded:
        """Candles of whole symbols, None: of all.

        `patient` waits and tries again where the repository says that it may help.

        Where the check drops rows, the bars that the formula reaches are no longer all there: such symbols are
        read once more from their beginning, so that their values do not depend on the range that was asked for.
        """
        loaded = self._read(symbols, self.request.before, ticket, patient=patient)
        short = sorted(loaded.shortened) if self.request.before else []
        if not short:
            return _described(loaded)
        again = self._read(short, None, ticket, patient=patient)
        kept = loaded.frame.filter(~pl.col("symbol").is_in(short))
        frame = pl.concat([kept, again.frame]).sort("symbol", "ts", maintain_order=True)
        first, second = _described(loaded), _described(again)
        return Loaded(Candles.of(frame), {**first.errors, **second.errors}, {**first.defects, **second.defects})

    def _read(
        self, symbols: Sequence[str] | None, before: int | None, ticket: Ticket, *, patient: bool
    ) -> CheckedCandles:
        many = "all symbols" if symbols is None else counted(len(symbols), "symbol")

        def read() -> CheckedCandles:
            ticket.look()
            with ticket.tally.stage("load", symbols=0 if symbols is None else len(symbols)):
                with ticket.interruptible(interrupt_of(self.repository)):
                    checked = self._ask(symbols, before)
                ticket.tally.spend("check", checked.seconds)
                return checked

        retries = Retries(self.retries if patient else 0, ticket.tally, ticket.pause)
        return retries.ask(read, f"reading {many}")

    def _ask(self, symbols: Sequence[str] | None, before: int | None) -> CheckedCandles:
        """Candles from a repository that checks them itself, or from one that does not and may hand out anything."""
        request, repository = self.request, self.repository
        asked = symbols, request.timeframe, request.bounds.start, request.bounds.end
        if checks_itself(repository):
            return repository.load_checked(*asked, request.columns, before, self.policy)
        columns = companions(request.columns, self.policy, columns_of(repository, request.timeframe))
        table = as_table(repository.load(*asked, columns, before=before))
        missing = [name for name in ("symbol", "ts", *columns) if name not in table.column_names]
        if missing:
            raise RepositoryError(f"the repository handed out no column {', '.join(map(repr, missing))}")
        given = as_asked(_standard(table.select(["symbol", "ts", *columns])), symbols, request.bounds.end, repository)
        return check_candles(given, self.policy, request.columns)


def _described(checked: CheckedCandles) -> Loaded:
    """The candles with what was wrong in the words of results."""
    errors = {symbol: describe(error) for symbol, error in checked.errors.items()}
    return Loaded(checked.candles, errors, {symbol: dict(kinds) for symbol, kinds in checked.by_symbol.items()})


def _standard(table: pa.Table) -> pa.Table:
    """The table with symbol as text and numbers as float64; what a repository of the user's hands out may differ."""
    frame = pl.DataFrame(table)
    wanted = {name: pl.Float64 for name, dtype in frame.schema.items() if dtype.is_numeric() and name not in KEYS}
    casts = {**wanted, "symbol": pl.String}
    if all(frame.schema[name] == dtype for name, dtype in casts.items()):
        return table
    exact = frame.with_columns(pl.col(name).cast(dtype) for name, dtype in casts.items()).to_arrow(
        compat_level=pl.CompatLevel.oldest()
    )
    return exact.replace_schema_metadata(table.schema.metadata)
