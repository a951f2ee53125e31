"""Loads from a table whose rows are numbered and stored symbol after symbol, as imported tables are.

Where each symbol's rows begin is then known from one count of the whole table, and the number of a row tells its
symbol: the names themselves, which cost more to read than a candle's numbers, are not read again.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl

from .candles import Candles, starts_of
from .checking import CheckedCandles, checked
from .framing import with_columns, without
from .handing import column_of
from .inspecting import Inspection
from .instants import Bound, Bounds, in_kind, read_ts
from .loading import Loading
from .numbers_of_rows import Numbers, are_among
from .placing import earlier_of, late_rows
from .policies import CandlePolicy, companions
from .remembering import remembered
from .spans import Spans, gathered, physical, rows_below
from .tables import TableRepository
from .timeframes import Timeframe, infer_timeframe

ROW: Final = "~row"  # the name under which the numbers of rows are read

DENSE: Final = 2  # rows read for each that is wanted, up to which all between the first and the last are read


@dataclass(frozen=True, eq=False)
class Runs:
    """The symbols of a whole table, ascending; symbol i has the rows numbered from `starts[i]` to `starts[i + 1]`.

    `borders` are symbols with which something begins that is read as a whole, a group of rows of a file.
    """

    symbols: tuple[str, ...]
    starts: Numbers
    borders: frozenset[str] = frozenset()

    @classmethod
    def of(cls, counted: pl.DataFrame) -> Runs | None:
        """Runs, if the rows lie in that order and without gaps.

        `counted` has for each symbol its number of `rows`, of those with a time (`timed`), and its `head` and `tail`,
        the numbers of its first and last row; sorted by symbol.
        """
        head, tail = counted["head"].to_numpy(), counted["tail"].to_numpy()
        nameless = counted["symbol"].null_count()
        whole = not nameless and (counted["rows"] == counted["timed"]).all()
        if not (whole and len(head) and (tail - head + 1 == counted["rows"].to_numpy()).all()):
            return None
        if (head[1:] != tail[:-1] + 1).any():
            return None
        return cls(tuple(counted["symbol"]), np.append(head, tail[-1] + 1).astype(np.int64))

    def has(self, rows: pl.Series, names: pl.Series) -> bool:
        """Whether rows with these numbers, which ascend, have these names."""
        places = rows.search_sorted(column_of("start", self.starts)).to_numpy()
        there = np.flatnonzero(places[1:] > places[:-1])
        heads = starts_of(names)[:-1]
        if places[0] != 0 or places[-1] != len(rows) or not np.array_equal(heads, places[there]):
            return False
        return names.gather(heads).cast(pl.String).to_list() == [self.symbols[number] for number in there]

    def between(self, numbers: Numbers) -> tuple[int, int] | None:
        """The first row of the first of these symbols and the row behind the last one's last.

        None where most rows between are of other symbols.
        """
        first, last = int(self.starts[numbers[0]]), int(self.starts[numbers[-1] + 1])
        wanted = np.diff(self.starts)[numbers].sum()
        return (first, last) if last - first <= DENSE * wanted else None

    def pieces(self, numbers: Numbers) -> list[tuple[int, int]]:
        """Begins and ends of rows that hold those of these symbols: one piece where most rows between are wanted."""
        between = self.between(numbers)
        return [between] if between is not None else Spans.of(self.starts, numbers).pieces()

    def with_groups(self, ends: Sequence[int]) -> Runs:
        """With the symbols as borders that begin next to where one of the groups of rows ends.

        >>> sorted(Runs(("A", "B", "C"), np.array([0, 10, 20, 30])).with_groups([12, 18, 29]).borders)
        ['B', 'C']
        """
        places = np.searchsorted((self.starts[1:] + self.starts[:-1]) / 2, ends)
        borders = frozenset(self.symbols[place] for place in places if place < len(self.symbols))
        return Runs(self.symbols, self.starts, borders)

    def rows(self, raw: pl.DataFrame, numbers: Numbers) -> pl.Series:
        """The numbers of rows that were read, see `NumberedRepository.read_numbered`."""
        if ROW in raw.columns:
            return raw[ROW]
        return pl.concat([pl.int_range(*piece, eager=True) for piece in self.pieces(numbers)]).alias(ROW)

    def places(self, raw: pl.DataFrame, numbers: Numbers) -> Numbers:
        """Among rows that were read, where those of each symbol begin, from the first of these to behind the last."""
        starts = self.starts[numbers[0] : numbers[-1] + 2]
        if ROW in raw.columns:
            return raw[ROW].search_sorted(column_of("start", starts)).to_numpy().astype(np.int64)
        begins, ends = np.array(self.pieces(numbers)).T
        piece = np.searchsorted(begins, starts, side="right") - 1
        ahead = np.cumsum(ends - begins) - (ends - begins)
        places: Numbers = ahead[piece] + np.minimum(starts, ends[piece]) - begins[piece]
        return places

    def numbers_of(self, symbols: Iterable[str] | None) -> Numbers:
        """The numbers of those symbols that there are, ascending; None: of all."""
        if symbols is None:
            return np.arange(len(self.symbols))
        known = self.numbering
        return np.array(sorted({known[symbol] for symbol in symbols if symbol in known}), dtype=np.int64)

    @property
    def frame(self) -> pl.DataFrame:
        """One row per symbol: symbol, rows."""
        symbols = pl.Series("symbol", self.symbols, dtype=pl.String)
        return pl.DataFrame([symbols, column_of("rows", np.diff(self.starts))])

    @cached_property
    def bars(self) -> Mapping[str, int]:
        """How many rows each symbol has."""
        return dict(zip(self.symbols, np.diff(self.starts).tolist(), strict=True))

    @cached_property
    def numbering(self) -> Mapping[str, int]:
        """The number of each symbol."""
        return {symbol: number for number, symbol in enumerate(self.symbols)}


class NumberedRepository(TableRepository):
    """A table whose rows are numbered. Where symbols lie side by side in it, a load is told by the numbers."""

    @property
    @abstractmethod
    def runs(self) -> Runs | None:
        """Where each symbol's rows lie, if the table is stored symbol after symbol."""

    @remembered
    def stored(self) -> Timeframe:
        """The timeframe of the table: as told, or inferred from the symbols with most bars."""
        if self.told_timeframe is not None or self.runs is None:
            return super().stored
        runs = self.runs
        numbers = runs.numbers_of(self.symbols_looked_at())
        raw = self.read_numbered((), runs, numbers, Bounds(None, None))
        ts = read_ts(raw, self.zone_name, self.where)
        of_rows = np.searchsorted(runs.starts, runs.rows(raw, numbers).to_numpy(), side="right") - 1
        frame = pl.DataFrame({"symbol": column_of("symbol", of_rows), "ts": ts})
        return infer_timeframe(frame.filter(column_of("is asked", are_among(of_rows, numbers))))

    @property
    def reads_apart(self) -> bool:
        """Whether candles of some symbols are read without going over all others: where symbols lie side by side."""
        return self.runs is not None

    @property
    def can_be_gathered(self) -> bool:
        """Whether each load of some symbols goes over all rows, and a piece of rows can be told by their numbers."""
        return self.can_be_cut and self.layout.symbol is not None and not self.reads_apart

    @abstractmethod
    def pieces(self, names: Sequence[str], around: Bounds, size: int) -> Iterator[pl.DataFrame]:
        """All rows that may be inside the bounds in their order, from at most so many at a time, one piece at least.

        Their symbol is text, their ts as stored, the columns `names` the source's.
        """

    @abstractmethod
    def as_counted(self) -> bool:
        """Whether the rows still lie as they did when they were counted, as far as that is told without reading."""

    def is_current(self, runs: Runs) -> bool:
        """Whether rows still lie so. The source is asked first: another thread may have counted anew meanwhile."""
        return self.as_counted() and self.runs is runs

    @abstractmethod
    def read_numbered(self, names: Sequence[str], runs: Runs, numbers: Numbers, around: Bounds) -> pl.DataFrame:
        """Read ts as stored, but under that name, the source's columns `names`, and `~row`; sorted by that.

        Of the symbols with these numbers all rows inside `around` must be there; further ones may be, and other symbols
        between them. Without `~row`, they are all rows of `runs.pieces(numbers)`. Raises RepositoryError where rows are
        found to be of other symbols than when they were counted.
        """

    def load_checked(
        self,
        symbols: Sequence[str] | None,
        timeframe: str,
        start: Bound,
        end: Bound,
        columns: Sequence[str],
        before: int | None,
        policy: CandlePolicy,
    ) -> CheckedCandles:
        """As for every table; where it is stored symbol after symbol, the names are not read again.

        Who asks for the bars of all symbols from a time on follows a table that grows: it is not counted for that.
        """
        asked, follows = self.fitting(timeframe), symbols is None and start is not None and before == 0
        runs = None if follows and not self.knows("runs") else self.runs
        if asked == self.stored and runs is not None and self.loads_as_tables_do and self.is_current(runs):
            numbers = runs.numbers_of(symbols)
            loading = Loading(self, asked, companions(columns, policy, self.layout.kinds()))
            if len(numbers) and loading.is_plain:
                bounds = Bounds.read(start, end, dates=self.dates, tz=self.zone_name)
                found = NumberedLoading(self, runs, loading).load(numbers, bounds, before, policy, columns)
                if found is not None and self.is_current(runs):
                    return found
        return super().load_checked(symbols, timeframe, start, end, columns, before, policy)

    def timed(self, raw: pl.DataFrame, places: Numbers) -> pl.DataFrame:
        """Rows as they were read, of symbols that begin at these places, with the start of the bar as their ts."""
        ends = np.concatenate([places[:-1], places[1:] - 1])
        ts = read_ts(raw, self.zone_name, self.where, ends[(ends >= 0) & (ends < raw.height)])
        return in_kind(self.from_starts(with_columns(raw, ts.alias("ts"))), dates=self.dates)


@dataclass(frozen=True, eq=False)
class NumberedLoading:
    """One load from such a table: which columns are read, and under which names."""

    repository: NumberedRepository
    runs: Runs
    loading: Loading

    def load(
        self, numbers: Numbers, bounds: Bounds, before: int | None, policy: CandlePolicy, kept: Sequence[str]
    ) -> CheckedCandles | None:
        """The candles of the symbols with these numbers, checked; None where rows do not lie as they were taken to."""
        first = bounds.first if before == 0 else self.loading.early_enough(bounds.first, before)
        raw = self.read(numbers, Bounds(first, bounds.last))
        if before and first is not None:
            raw = self.completed(raw, numbers, bounds, before)
        candles = self.candles(raw, numbers)
        whole = bounds.last is not None or first is not None or self.is_whole(candles, numbers)
        if not whole or candles.ts.null_count():
            return None
        late = late_rows(candles.ts, candles.starts)
        if len(earlier_of(late, candles.ts)):
            return None
        inspection = Inspection(candles, repeated=late - np.uint32(1))
        spans = Spans.of(candles.starts, numbers - numbers[0]).within(candles.ts, bounds, before)
        return checked(inspection, spans, self.loading.columns, kept, policy, {})

    def read(self, numbers: Numbers, around: Bounds) -> pl.DataFrame:
        """The rows, columns as stored."""
        sources = list(dict.fromkeys(self.loading.sources.values()))
        raw = self.repository.read_numbered(sources, self.runs, numbers, around)
        return self.repository.timed(raw, self.runs.places(raw, numbers))

    def is_whole(self, candles: Candles, numbers: Numbers) -> bool:
        """Whether all rows of the symbols are there."""
        there = candles.lengths[numbers - numbers[0]]
        return bool((there == np.diff(self.runs.starts)[numbers]).all())

    def candles(self, raw: pl.DataFrame, numbers: Numbers) -> Candles:
        """Candles of all symbols from the first of these to the last; some of them may have no rows."""
        symbols = self.runs.symbols[numbers[0] : numbers[-1] + 1]
        table = self.loading.adjusted(without(raw, ROW))
        return Candles(symbols, self.runs.places(raw, numbers), table)

    def completed(self, raw: pl.DataFrame, numbers: Numbers, bounds: Bounds, before: int) -> pl.DataFrame:
        """Read anew symbols that have fewer bars ahead of the start than asked for, though they have earlier ones."""
        assert bounds.first is not None
        rows, spans = raw[ROW].to_numpy(), self.spans(raw[ROW], numbers)
        limit = physical(bounds.first, raw.schema["ts"])
        ahead = rows_below(raw["ts"].to_physical().to_numpy(), spans.begins, spans.ends, limit) - spans.begins
        unseen = (spans.lengths == 0) | (np.append(rows, 0)[spans.begins] > self.runs.starts[numbers])
        short = spans.only((ahead < before) & unseen)
        if not len(short.numbers):
            return raw
        whole = self.asked_of(self.read(short.numbers, Bounds(None, bounds.last)), short.numbers, bounds, before)
        others = np.ones(len(rows), np.bool_)
        others[short.rows()] = False
        both = pl.concat([raw.filter(column_of("other", others)), whole.select(raw.columns)])
        return pl.DataFrame(gathered(both.get_columns(), np.argsort(both[ROW].to_numpy(), kind="stable")))

    def asked_of(self, raw: pl.DataFrame, numbers: Numbers, bounds: Bounds, before: int) -> pl.DataFrame:
        """Of whole symbols the rows that are asked for, or all where they are not in order."""
        places = self.runs.places(raw, numbers)
        raw = raw.with_columns(self.runs.rows(raw, numbers))
        spans = self.spans(raw[ROW], numbers)
        if not (raw["ts"].null_count() or len(earlier_of(late_rows(raw["ts"], places), raw["ts"]))):
            spans = spans.within(raw["ts"], bounds, before)
        return pl.DataFrame(spans.take(raw.get_columns()))

    def spans(self, rows: pl.Series, numbers: Numbers) -> Spans:
        """Where among rows with these numbers, which ascend, those of each symbol are."""
        starts = self.runs.starts
        return Spans(numbers, *(np.searchsorted(rows.to_numpy(), starts[each]) for each in (numbers, numbers + 1)))
