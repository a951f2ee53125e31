"""What all repositories of tables share: layout, range, resampling, adjusting. Each kind adds how rows are read."""

from __future__ import annotations

import datetime as dt
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Literal

import polars as pl
import pyarrow as pa

from ..errors import RepositoryError
from .adjusting import HINDSIGHT, adjust_prices, columns_to_adjust, find_adjustment
from .instants import TS, Bound, Bounds, Instant, begin_of, in_kind, read_ts, zone
from .layout import Kind, Layout, find_layout
from .placing import Counts, Placed, ahead_counts, keep_before, numbers, place, to_table
from .policies import CandlePolicy
from .resampling import resample
from .timeframes import DAY, Timeframe, infer_timeframe

LOG = logging.getLogger("barsweep")


class TableRepository(ABC):
    """Candles in one table. The options are those of every repository, see `open_repository`."""

    def __init__(
        self,
        *,
        columns: Mapping[str, str] | None = None,
        tz: str | None = None,
        label: Literal["start", "end"] = "start",
        adjust: str | None = None,
        timeframe: str | None = None,
        symbol: str = "data",
        policy: CandlePolicy | None = None,
    ) -> None:
        if label not in {"start", "end"}:
            raise RepositoryError(f"label={label!r}: a bar is labelled by its 'start' or its 'end'")
        self.mapping = dict(columns or {})
        self.tz = tz
        self.label = label
        self.adjust = adjust
        self.told_timeframe = None if timeframe is None else Timeframe.parse(timeframe)
        self.single_symbol = symbol
        self.policy = policy
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

    # What follows from that.

    @cached_property
    def layout(self) -> Layout:
        """Which column is what."""
        return find_layout(self.types(), self.mapping, self.where)

    @cached_property
    def adjusted_by(self) -> str | None:
        """The column that adjusts the prices; None for prices as stored."""
        found = find_adjustment(self.adjust, self.layout, self.where)
        if found is not None:
            LOG.info("%s: %s", self.where, HINDSIGHT.format(source=found))
        return found

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of results should know about these candles."""
        return () if self.adjusted_by is None else (HINDSIGHT.format(source=self.adjusted_by),)

    @cached_property
    def labels(self) -> pl.DataFrame:
        """One row per symbol: symbol, the labels of its first and last bar, rows; sorted."""
        return self.summarise(self.place_keys(self.read((), None, Bounds(None, None))).frame)

    @cached_property
    def catalog(self) -> pl.DataFrame:
        """One row per symbol: symbol, first ts, last ts, rows; sorted."""
        return (
            self.labels
            if self.label == "start"
            else self.labels.with_columns(self.begins("first"), self.begins("last"))
        )

    @cached_property
    def stored(self) -> Timeframe:
        """The timeframe of the table: as told, or inferred from the symbols with most bars."""
        if self.told_timeframe is not None:
            return self.told_timeframe
        few = self.labels.sort("rows", descending=True).head(20)["symbol"].to_list()
        return infer_timeframe(self.place_keys(self.read((), few, Bounds(None, None))).frame)

    @staticmethod
    def summarise(frame: pl.DataFrame) -> pl.DataFrame:
        """Make the catalog of placed rows."""
        by_symbol = frame.group_by("symbol", maintain_order=True)
        return by_symbol.agg(
            pl.col("ts").first().alias("first"), pl.col("ts").last().alias("last"), pl.len().alias("rows")
        )

    def place_keys(self, raw: pl.DataFrame) -> Placed:
        """Bring symbol and ts into their kinds, and the rows into their order."""
        ts = read_ts(raw, self.zone_name, self.where)
        return place(raw.with_columns(pl.col("symbol").cast(pl.String), ts.alias("ts")))

    def place_rows(self, raw: pl.DataFrame) -> Placed:
        """As `place_keys`, and bars labelled with their end labelled with their start."""
        placed = self.place_keys(raw)
        return placed if self.label == "start" else Placed(placed.frame.with_columns(self.begins("ts")), placed.counts)

    def begins(self, name: str) -> pl.Expr:
        """The start of a bar that is labelled with its end."""
        return begin_of(pl.col(name), self.stored, dates=self.dates)

    @property
    def slack(self) -> dt.timedelta:
        """How far around the bounds rows are read, so that neither zones nor labels at the end of a bar lose any."""
        return dt.timedelta(days=2, seconds=self.stored.seconds * 1.1 if self.label == "end" else 0)

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
        """Raise RepositoryError when the table cannot be read or has no column for the time of a bar."""
        _ = self.layout, self.adjusted_by

    def symbols(self, timeframe: str) -> list[str]:
        """All symbols, sorted."""
        self.fitting(timeframe)
        return self.catalog["symbol"].to_list()

    def rows(self, timeframe: str) -> Mapping[str, int] | None:
        """The stored bars per symbol: what is read, also where they are then joined to longer bars."""
        self.fitting(timeframe)
        return dict(self.catalog.select("symbol", "rows").iter_rows())

    def span(self, timeframe: str) -> tuple[Instant, Instant] | None:
        """The first and the last ts of all symbols; None when there are no candles."""
        asked = self.fitting(timeframe)
        if self.catalog.is_empty():
            return None
        ends = self.catalog.select(ts=pl.concat_list(pl.col("first").min(), pl.col("last").max()).explode())
        buckets = ends.select(self.bucket(asked)) if asked != self.stored else ends
        first, last = buckets["ts"].to_list()
        return first, last

    def columns(self, timeframe: str) -> dict[str, Kind]:
        """The columns besides symbol and ts, each with its kind."""
        self.fitting(timeframe)
        return self.layout.kinds()

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
        return timeframe.bucket(pl.col("ts"), "UTC" if self.dates else self.zone_name)

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


class Loading:
    """One load of one repository: which columns, which timeframe."""

    def __init__(self, repository: TableRepository, timeframe: Timeframe, columns: Iterable[str]) -> None:
        self.repository = repository
        self.timeframe = timeframe
        self.columns = list(dict.fromkeys(name for name in columns if name not in {"symbol", "ts"}))
        self.counts: Counts = {}
        layout = repository.layout
        self.needed = self.columns + columns_to_adjust(self.columns, repository.adjusted_by, layout)
        self.sources = {name: layout.source_of(name, repository.where) for name in self.needed}

    def load(self, symbols: Sequence[str] | None, start: Bound, end: Bound, before: int | None) -> pa.Table:
        """Read, arrange, cut."""
        repository = self.repository
        bounds = Bounds.read(start, end, dates=repository.dates, tz=repository.zone_name)
        wanted = None if symbols is None else sorted(set(symbols))
        first = bounds.first if before == 0 else self.early_enough(bounds.first, before)
        frame = self.arranged(wanted, first, bounds.last)
        if before and bounds.first is not None and first is not None:
            frame = self.completed(frame, wanted, bounds, before)
        if before is not None and bounds.first is not None:
            frame = keep_before(frame, bounds.first, before)
        return to_table(frame.filter(Bounds(None, bounds.last).filter()), self.columns, self.counts)

    def early_enough(self, first: Instant | None, before: int | None) -> Instant | None:
        """A start before which `before` bars usually do not lie: trading hours and weekends thin the bars out."""
        if first is None or before is None:
            return None
        thin = 6.0 if self.timeframe.intraday else 1.6 if self.timeframe.seconds < 5 * DAY else 1.1
        days = before * self.timeframe.seconds / DAY * thin + 10 + 2 * self.timeframe.seconds / DAY
        if days > 36_500:
            return None
        return first - dt.timedelta(days=days)

    def completed(self, frame: pl.DataFrame, wanted: Sequence[str] | None, bounds: Bounds, before: int) -> pl.DataFrame:
        """Read symbols whole that have fewer bars ahead of the start than asked for, though they have earlier ones."""
        starts, ahead = ahead_counts(frame, bounds.first)
        enough = (
            frame["symbol"].gather(starts[:-1]).filter(pl.Series(ahead >= before)) if len(ahead) else frame["symbol"]
        )
        earliest = frame.group_by("symbol").agg(pl.col("ts").min().alias("seen"))
        known = (
            self.repository.catalog.lazy().join(earliest.lazy(), on="symbol", how="left").collect(engine="in-memory")
        )
        short = known.filter(
            ~pl.col("symbol").is_in(enough.to_list()), pl.col("seen").is_null() | (pl.col("first") < pl.col("seen"))
        )["symbol"].to_list()
        chosen = short if wanted is None else sorted(set(short) & set(wanted))
        if not chosen:
            return frame
        whole = self.arranged(chosen, None, bounds.last)
        return pl.concat([frame.filter(~pl.col("symbol").is_in(chosen)), whole]).sort(
            "symbol", "ts", maintain_order=True
        )

    def arranged(self, symbols: Sequence[str] | None, first: Instant | None, last: Instant | None) -> pl.DataFrame:
        """The bars from `first` to `last`, at least, in the timeframe asked for."""
        resampled = self.timeframe != self.repository.stored
        bounds = self.whole_buckets(first, last) if resampled else Bounds(first, last)
        raw = self.repository.read(list(self.sources.values()), symbols, bounds)
        placed = self.repository.place_rows(raw)
        self.note(placed.counts)
        frame = self.adjusted(in_kind(placed.frame, dates=self.repository.dates).filter(bounds.filter()))
        if not resampled:
            return frame
        tz = "UTC" if self.repository.dates else self.repository.zone_name
        return resample(frame, self.timeframe, self.needed, tz=tz)

    def whole_buckets(self, first: Instant | None, last: Instant | None) -> Bounds:
        """Widen bounds so that no bucket is cut."""
        dtype = pl.Date if self.repository.dates else TS
        ends = pl.DataFrame({"ts": pl.Series([first, last], dtype=dtype)})
        tz = "UTC" if self.repository.dates else self.repository.zone_name
        begin = ends.select(self.repository.bucket(self.timeframe))["ts"][0]
        end = ends.select(self.timeframe.end(pl.col("ts"), tz))["ts"][1]
        step = dt.timedelta(days=1) if self.repository.dates else dt.timedelta(microseconds=1)
        return Bounds(begin, None if end is None else end - step)

    def adjusted(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Columns under their standard names and in their kinds, prices adjusted."""
        sources = [pl.col(source).alias(name) for name, source in self.sources.items()]
        named = frame.select("symbol", "ts", *sources)
        kinds = named.with_columns(*(numbers(named, name, self.repository.where) for name in self.sources))
        return adjust_prices(kinds, self.repository.adjusted_by)

    def note(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        """Remember what was found while placing rows; a symbol that is read twice counts once."""
        for kind, found in counts.items():
            self.counts.setdefault(kind, {}).update(found)
