"""What all repositories of tables share: layout, range, resampling, adjusting. Each kind adds how rows are read."""

from __future__ import annotations

import datetime as dt
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

import polars as pl
import pyarrow as pa

from ..errors import RepositoryError
from .adjusting import HINDSIGHT, find_adjustment
from .checking import CheckedCandles, check_candles
from .framing import with_columns
from .instants import Bound, Bounds, Instant, begin_of, read_ts, zone
from .layout import UNTOLD, Kind, Layout, find_layout, unnamed
from .loading import Loading
from .options import assert_options
from .placing import NAMELESS, Placed, as_names, assert_number, place, tell_nameless
from .policies import CandlePolicy, companions
from .remembering import Remembering, remembered
from .resampling import ends_of_whole_bars
from .summaries import summary
from .timeframes import Timeframe, infer_timeframe, looked_at

LOG = logging.getLogger("barsweep")


class TableRepository(Remembering, ABC):
    """Candles in one table. The options are those of every repository, see `open_repository`."""

    def __init__(
        self,
        *,
        columns: Mapping[str, str] | None = None,
        tz: str | None = None,
        label: Literal["start", "end"] = "start",
        adjust: str | None = None,
        timeframe: str | None = None,
        symbol: str = UNTOLD,
        policy: CandlePolicy | None = None,
    ) -> None:
        assert_options(columns, label, adjust, policy, symbol)
        super().__init__()
        self.mapping = dict(columns or {})
        self.tz = tz
        self.label = label
        self.adjust = adjust
        self.told_timeframe = None if timeframe is None else Timeframe.parse(timeframe)
        self.single_symbol = symbol
        self.policy = policy
        self.seen: object = None
        self.nameless = 0  # rows without a symbol, once all are counted
        if tz is not None:
            zone(tz)

    # What a kind of source must say and do.

    @property
    @abstractmethod
    def where(self) -> str:
        """The source's name in messages."""

    @abstractmethod
    def types(self) -> Mapping[str, pl.DataType]:
        """The table's own columns and their types."""

    @abstractmethod
    def read(self, names: Sequence[str], symbols: Sequence[str] | None, around: Bounds) -> pl.DataFrame:
        """Read rows: symbol and ts as stored but under these names, then the source's columns `names`.

        All rows inside `around` must be there; further ones may be, they are cut off later.
        """

    def fingerprint(self) -> object:
        """Something that changes when the source does."""
        return None

    @property
    def can_be_cut(self) -> bool:
        """Whether several loads are of the same candles as one.

        What a column of numbers or texts says of times is told by all that are read, their unit for example.
        """
        return isinstance(self.layout.types[self.layout.ts], (pl.Date, pl.Datetime))

    @property
    def reads_apart(self) -> bool:
        """Whether candles of some symbols are read without going over those of all others."""
        return False

    # What follows from that.

    @remembered
    def layout(self) -> Layout:
        """Which column is what."""
        return find_layout(self.types(), self.mapping, self.where)

    @remembered
    def adjusted_by(self) -> str | None:
        """The column that adjusts the prices; None for prices as stored."""
        found = find_adjustment(self.adjust, self.layout, self.where)
        if found is not None:
            fields = {"event": "adjusted", "source": self.where, "column": found}
            LOG.info("%s: %s", self.where, HINDSIGHT.format(source=found), extra=fields)
        return found

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of results should know about these candles."""
        told = [] if self.adjusted_by is None else [HINDSIGHT.format(source=self.adjusted_by)]
        told += [f"left out: {NAMELESS % self.nameless}"] if self.nameless else []
        return (*told, *unnamed(self.layout, self.single_symbol))

    def forget(self) -> None:
        """Find everything out anew from now on."""
        super().forget()
        self.nameless = 0

    @remembered
    def labels(self) -> pl.DataFrame:
        """One row per symbol: symbol, the labels of its first and last bar, rows; sorted."""
        raw = self.read((), None, Bounds(None, None))
        self.nameless = raw["symbol"].null_count()
        return summary(self.place_keys(raw).candles)

    @remembered
    def catalog(self) -> pl.DataFrame:
        """One row per symbol: symbol, first ts, last ts, rows; sorted."""
        return self.labels if self.label == "start" else self.labels.with_columns(map(self.begins, ("first", "last")))

    @remembered
    def stored(self) -> Timeframe:
        """The timeframe of the table: as told, or inferred from the symbols with most bars."""
        if self.told_timeframe is not None:
            return self.told_timeframe
        few = self.symbols_looked_at()
        return infer_timeframe(self.place_keys(self.read((), few, Bounds(None, None))).frame)

    def symbols_looked_at(self) -> list[str]:
        """Of the symbols with most bars as many as are needed to tell the timeframe."""
        return looked_at(self.labels)

    def place_keys(self, raw: pl.DataFrame) -> Placed:
        """Bring symbol and ts into their kinds, and the rows into their order."""
        tell_nameless(raw["symbol"].null_count(), self.where)
        ts = read_ts(raw, self.zone_name, self.where)
        return place(with_columns(raw, as_names(raw["symbol"], self.where), ts.alias("ts")))

    def place_rows(self, raw: pl.DataFrame) -> Placed:
        """As `place_keys`, and bars labelled with their end labelled with their start."""
        return self.relabelled(self.place_keys(raw))

    def relabelled(self, placed: Placed) -> Placed:
        """Bars labelled with their end labelled with their start."""
        if self.label == "start":
            return placed
        return Placed(replace(placed.candles, table=self.from_starts(placed.candles.table)), placed.counts)

    def from_starts(self, table: pl.DataFrame) -> pl.DataFrame:
        """The table with its ts, which are labels, as the starts of the bars."""
        return table if self.label == "start" else table.with_columns(self.begins("ts"))

    def begins(self, name: str) -> pl.Expr:
        """The start of a bar that is labelled with its end."""
        return begin_of(pl.col(name), self.stored, dates=self.dates)

    @property
    def slack(self) -> dt.timedelta:
        """How far around the bounds rows are read, so that neither zones nor labels at the end of a bar lose any."""
        kind = self.layout.types[self.layout.ts]
        exact = isinstance(kind, pl.Datetime) and (kind.time_zone is not None or self.zone_name == "UTC")
        around = dt.timedelta(milliseconds=1) if exact else dt.timedelta(days=2)  # ts may be stored finer than told
        return around + dt.timedelta(seconds=self.stored.seconds * 1.1 if self.label == "end" else 0)

    @property
    def zone_name(self) -> str:
        """The time zone of naive timestamps and of whole days: as told, else the stored one, else UTC."""
        if self.tz is not None:
            return self.tz
        return getattr(self.layout.types[self.layout.ts], "time_zone", None) or "UTC"

    @property
    def dates(self) -> bool:
        """Whether bars carry dates, not times."""
        return bool(self.labels.schema["first"] == pl.Date)

    def health(self) -> None:
        """Raise RepositoryError when the table cannot be read or has no column for the time of a bar.

        A file that has changed since it was last looked at is looked at anew.
        """
        found = self.fingerprint()
        if found != self.seen:
            self.forget()
        self.seen = found
        _ = self.layout, self.adjusted_by

    @remembered
    def bars(self) -> Mapping[str, int]:
        """The stored bars per symbol, sorted by symbol; every job asks for them."""
        catalog = self.catalog
        return dict(zip(catalog["symbol"].to_list(), catalog["rows"].to_list(), strict=True))

    def symbols(self, timeframe: str) -> list[str]:
        """All symbols, sorted."""
        self.fitting(timeframe)
        return list(self.bars)

    def rows(self, timeframe: str) -> Mapping[str, int] | None:
        """The stored bars per symbol: what is read, also where they are then joined to longer bars."""
        self.fitting(timeframe)
        return dict(self.bars)

    def span(self, timeframe: str) -> tuple[Instant, Instant] | None:
        """The first and the last ts of all symbols, of whole bars; None when there are none."""
        asked = self.fitting(timeframe)
        if self.catalog.is_empty():
            return None
        if asked != self.stored:
            return Loading(self, asked, ()).span()
        first, last = self.catalog.select(pl.col("first").min(), pl.col("last").max()).row(0)
        return first, last

    def whole_bars(self, timeframe: Timeframe) -> pl.DataFrame:
        """One row per symbol that has any: symbol, and between which ts, `first` and `last`, its bars are whole."""
        ends = self.catalog.select("symbol", "first", "last")
        if timeframe == self.stored:
            return ends
        return ends_of_whole_bars(ends, self.stored, timeframe, zone=self.bucket_zone, dates=self.dates)

    def columns(self, timeframe: str) -> dict[str, Kind]:
        """The columns besides symbol and ts, each with its kind."""
        self.fitting(timeframe)
        return self.layout.kinds()

    def assert_numbers(self, columns: Iterable[str]) -> None:
        """Raise RepositoryError if one of these columns is a field of the candle and cannot be a number."""
        for name in self.layout.columns.keys() & set(columns):
            assert_number(name, self.layout.types[self.layout.columns[name]], self.where)

    def fitting(self, timeframe: str) -> Timeframe:
        """The timeframe asked for, if it is stored or can be made of what is stored."""
        asked = Timeframe.parse(timeframe)
        if asked == self.stored or asked.made_of(self.stored):
            return asked
        why = "finer than" if asked < self.stored else "no whole number of"
        raise RepositoryError(
            f"{self.where} holds {self.stored.text} bars; {asked.text} is {why} those"
            f" (tell timeframe= when opening it if the bars are not {self.stored.text})"
        )

    def bucket(self, timeframe: Timeframe) -> pl.Expr:
        """The start of the bucket that holds ts, days beginning at midnight of the repository's zone."""
        return timeframe.bucket(pl.col("ts"), self.bucket_zone)

    @property
    def bucket_zone(self) -> str:
        """The zone in which days begin at midnight; dates are days already."""
        return "UTC" if self.dates else self.zone_name

    def load(
        self,
        symbols: Sequence[str] | None,
        timeframe: str,
        start: Bound,
        end: Bound,
        columns: Sequence[str],
        before: int | None = 0,
    ) -> pa.Table:
        """The candles asked for, see `CandleRepository.load`."""
        return Loading(self, self.fitting(timeframe), columns).load(symbols, start, end, before)

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
        """As `load`, and checked, see `CheckingRepository.load_checked`."""
        asked, seen = self.fitting(timeframe), companions(columns, policy, self.layout.kinds())
        if not self.loads_as_tables_do:
            return check_candles(self.load(symbols, timeframe, start, end, seen, before), policy, columns)
        return Loading(self, asked, seen).load_checked(symbols, start, end, before, policy, columns)

    @property
    def loads_as_tables_do(self) -> bool:
        """Whether `load` is the one above: a class of the user's may have its own, which then has to be asked."""
        return getattr(self.load, "__func__", None) is TableRepository.load
