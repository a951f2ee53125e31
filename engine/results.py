"""What a job hands back: columns first, objects as views that are made when somebody looks.

BatchResult        one for a job; a sequence of
ProcessingResult   one for each requested symbol, whose `matches` are a sequence of
SignalMatch        one bar at which a formula was true, with the values of its named indicators
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias, overload

import polars as pl

from ..formulas.freezing import frozen
from .deferring import Table
from .outcomes import Outcomes
from .report.showing import Shown
from .statistics import JobStatistics
from .stored import StoredTable
from .studies.studied import StudiedMatches
from .uniting import UnitedTables

if TYPE_CHECKING:
    from .origin import Origin

Matches: TypeAlias = pl.DataFrame | StoredTable | UnitedTables | Table
Labels: TypeAlias = Mapping[str, Mapping[str, str]]

KEYS: Final = frozenset({"symbol", "ts", "formula", "stale"})
LOOK_AHEAD: Final = 1024  # rows turned into objects at a time while iterating


@frozen
class SymbolError:
    """Why a symbol has no matches.

    `kind` is one of "unknown symbol", "candles", "repository", "formula", "evaluation", "timeout", "cancelled".
    Of faulty candles, `rows` names up to ten and `count` says how many there are.
    """

    kind: str
    message: str
    rows: tuple[str, ...] = ()
    count: int = 0

    def __str__(self) -> str:
        return self.message


@frozen
class SignalMatch:
    """A bar at which a formula was true. `values` holds its indicators by label, None where undefined.

    `parameters` holds the values of the swept params.
    """

    symbol: str
    ts: date | datetime
    values: Mapping[str, Any] = field(default_factory=dict)
    formula: str | None = None
    stale: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)


class SymbolMatches(Sequence[SignalMatch]):
    """The matches of one symbol in ascending ts: a window on the job's table, no object until asked for one."""

    def __init__(
        self, table: Matches, offset: int, length: int, labels: Labels, parameters: Sequence[str] = ()
    ) -> None:
        self._table, self._offset, self._length = table, offset, length
        self._labels, self._parameters = labels, parameters

    @property
    def frame(self) -> pl.DataFrame:
        """The matches as columns, without a copy."""
        return self._table.slice(self._offset, self._length)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> SignalMatch: ...
    @overload
    def __getitem__(self, index: slice) -> SymbolMatches: ...
    def __getitem__(self, index: int | slice) -> SignalMatch | SymbolMatches:
        if isinstance(index, slice):
            rows = range(self._length)[index]
            if rows.step == 1:
                return SymbolMatches(self._table, self._offset + rows.start, len(rows), self._labels, self._parameters)
            return SymbolMatches(self.frame[list(rows)], 0, len(rows), self._labels, self._parameters)
        row = range(self._length)[index]
        return self._match(self._table.row(self._offset + row, named=True))

    def __iter__(self) -> Iterator[SignalMatch]:
        return map(self._match, self.frame.iter_rows(named=True, buffer_size=LOOK_AHEAD))

    def __repr__(self) -> str:
        return f"<{counted(self._length, 'match')}>"

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.frame.__arrow_c_stream__(requested_schema)

    def _match(self, row: Mapping[str, Any]) -> SignalMatch:
        formula = row.get("formula")
        values = {label: row[column] for label, column in self._labels[formula or ""].items()}
        parameters = {name: row[name] for name in self._parameters if row[name] is not None}
        return SignalMatch(row["symbol"], row["ts"], values, formula, row.get("stale", False), parameters)


@frozen
class ProcessingResult:
    """What became of one requested symbol: `matches`, or an `error`.

    `bars` counts the bars inside the job's range. `elapsed` is in seconds; when `elapsed_shared`, it is the
    symbol's share, by bars, of the wall time of its batch. `defects` counts faulty candles by kind.
    """

    symbol: str
    matches: SymbolMatches
    error: SymbolError | None
    bars: int
    elapsed: float
    elapsed_shared: bool
    defects: Mapping[str, int]

    @property
    def ok(self) -> bool:
        """Whether the symbol was evaluated."""
        return self.error is None

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.matches.__arrow_c_stream__(requested_schema)


class BatchResult(StudiedMatches, Shown, Sequence[ProcessingResult]):
    """The results of a job, one for each requested symbol in the order of the request; `result["AAPL"]` works too.

    `matches`  Polars frame: symbol, ts, with several formulas `formula`, of a sweep its params, with stale ones
               admitted `stale`, then a column for each indicator label; symbols in the order of the request,
               ascending ts. With an output file it is read from there, at every look; `lazy` reads what is needed
    `of(name)` the matches of one of several formulas, with its own indicators alone; made at the first look
    `errors`   symbol -> SymbolError
    `counts`   symbols, bars, loaded (bars that were read), matches, errors
    `defects`  faulty candles by kind, over all symbols
    `notes`    what is to be known of the candles and of other tables: files left out, tables with none of the symbols
    `elapsed`  the job's wall time in seconds; `statistics` tell more: by stage, retries, warnings, memory
    `origin`   the job and its candles, for more of the same; keeps the frame alive that the candles came from
    `report`   writes a page to look at, `chart` draws a symbol; a notebook shows the result as a table
    """

    def __init__(
        self,
        outcomes: Outcomes,
        matches: Matches,
        labels: Labels,
        origin: Origin,
        errors: Mapping[str, SymbolError],
        defects: Mapping[str, Mapping[str, int]],
        *,
        counts: Mapping[str, int],
        totals: Mapping[str, int],
        elapsed: float,
        timed: bool = False,
        parameters: Sequence[str] = (),
        notes: Sequence[str] = (),
        statistics: JobStatistics | None = None,
        cut_short: bool = False,
    ) -> None:
        self.statistics, self.origin, self._cut_short = statistics or JobStatistics(), origin, cut_short
        self._outcomes, self._labels, self._defects, self._timed = outcomes, labels, defects, timed
        self._parameters = tuple(parameters)
        self._table = matches
        self.errors, self.counts, self.defects = dict(errors), dict(counts), dict(totals)
        self.notes, self.elapsed = tuple(notes), elapsed

    def __len__(self) -> int:
        return len(self._outcomes.symbols)

    @overload
    def __getitem__(self, index: int | str) -> ProcessingResult: ...
    @overload
    def __getitem__(self, index: slice) -> list[ProcessingResult]: ...
    def __getitem__(self, index: int | str | slice) -> ProcessingResult | list[ProcessingResult]:
        if isinstance(index, slice):
            return [self._result(place) for place in range(len(self))[index]]
        return self._result(self._outcomes.place(index) if isinstance(index, str) else range(len(self))[index])

    def __repr__(self) -> str:
        return f"<BatchResult: {self.summary()}>"

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.matches.__arrow_c_stream__(requested_schema)

    @property
    def matches(self) -> pl.DataFrame:
        """The matches as a frame.

        Raises ProcessingEngineError where those of several formulas would take more memory than there is.
        """
        return self._table if isinstance(self._table, pl.DataFrame) else self._table.slice(0)

    @property
    def lazy(self) -> pl.LazyFrame:
        """The matches as a lazy frame: of an output file, the file scanned. Raises what `matches` raises."""
        return self._table.lazy() if isinstance(self._table, pl.DataFrame) else self._table.lazy

    @property
    def tags(self) -> tuple[str, ...]:
        """The columns of the matches that tell formulas and points of a sweep apart."""
        return (*([] if "" in self._labels else ["formula"]), *self._parameters)

    @property
    def output(self) -> Path | None:
        """The file that the matches were written to: another than asked for where a cancelled job met an older one."""
        return self._table.path if isinstance(self._table, StoredTable) else None

    def of(self, formula: str) -> pl.DataFrame:
        """The matches of one of several formulas: symbol, ts, swept params, its own indicators.

        Where there are many formulas, this takes less than `matches`, in which each has the columns of all. Raises
        KeyError if there is none of that name.
        """
        if not formula or formula not in self._labels:
            named, points = ", ".join(filter(None, self._labels)), ", ".join(self._parameters)
            told = f"they are {named}" if named else "the only one has no name"
            apart = f"; points of a sweep are told apart by {points} in matches" if points else ""
            raise KeyError(f"no formula {formula!r}; {told}{apart}")
        if isinstance(self._table, UnitedTables):
            return self._table.tables[formula].frame
        labels = self._labels[formula]
        chosen = self.lazy.filter(pl.col("formula") == formula)
        return chosen.select("symbol", "ts", *self._parameters, *labels.values()).collect()

    @property
    def outcomes(self) -> pl.DataFrame:
        """One row for each requested symbol: symbol, bars, matches, elapsed, error_kind, error."""
        outcomes, symbols = self._outcomes, self._outcomes.symbols
        found = [self.errors.get(symbol) for symbol in symbols]
        matches, bars = ([figures.get(symbol, 0) for symbol in symbols] for figures in (outcomes.found, outcomes.bars))
        elapsed = [outcomes.elapsed.get(symbol, 0.0) for symbol in symbols]
        columns = {
            "symbol": pl.Series(symbols, dtype=pl.String),
            "bars": pl.Series(bars, dtype=pl.Int64),
            "matches": pl.Series(matches, dtype=pl.Int64),
            "elapsed": pl.Series(elapsed, dtype=pl.Float64),
            "error_kind": pl.Series([error and error.kind for error in found], dtype=pl.String),
            "error": pl.Series([error and error.message for error in found], dtype=pl.String),
        }
        return pl.DataFrame(columns)

    @property
    def cancelled(self) -> bool:
        """Whether the job was cancelled before it was through."""
        return self._cut_short or any(error.kind == "cancelled" for error in self.errors.values())

    def summary(self) -> str:
        """One line: how much was found, in how much, how fast, and what went wrong."""
        counts = self.counts
        rate = counts["loaded"] / self.elapsed if self.elapsed > 0 else 0.0
        found = (
            f"{counted(counts['matches'], 'match')} in {counted(counts['symbols'], 'symbol')}, "
            f"{counted(counts['bars'], 'bar')}; {self.elapsed:.2f} s, {rate:,.0f} rows/s"
        )
        told = self.statistics
        more = {
            f"{counted(counts['errors'], 'symbol')} with errors": counts["errors"],
            f"asked again {counted(told.retries, 'time')}": told.retries,
            f"{told.put_aside / 1e6:,.0f} MB put aside": told.put_aside,
        }
        return "; ".join([found, *(words for words, number in more.items() if number)])

    def _result(self, place: int) -> ProcessingResult:
        outcomes, symbol = self._outcomes, self._outcomes.symbols[place]
        matches = SymbolMatches(self._table, *outcomes.rows(symbol), self._labels, self._parameters)
        return ProcessingResult(
            symbol,
            matches,
            self.errors.get(symbol),
            outcomes.bars.get(symbol, 0),
            outcomes.elapsed.get(symbol, 0.0),
            not self._timed,
            self._defects.get(symbol, {}),
        )


def counted(count: int, noun: str) -> str:
    """So many of something: "1 match", "2,000 matches"."""
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"
