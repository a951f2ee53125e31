"""One load: which rows are read, how far ahead of the start, and what is made of them.

Where longer bars are made of those stored, only whole ones are handed out: a symbol's first bucket is left out where
its data begin inside it, its last one while it is open, and the one that the load's `end` cuts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import polars as pl
import pyarrow as pa

from .adjusting import adjust_prices, columns_to_adjust
from .checking import CheckedCandles, check_candles, check_frame, merged
from .instants import TS, Bound, Bounds, Instant, in_calendar, in_kind, shifted
from .layout import CANDLE_FIELDS, Layout, is_text
from .placing import Counts, Placed, ahead_counts, keep_before, numbers, to_table
from .policies import KINDS, Action, CandlePolicy
from .resampling import LAST_TS, resample
from .timeframes import DAY, Timeframe


class _StoredBars(Protocol):
    """What a load asks of the repository that it is for; see TableRepository, which has all of it."""

    policy: CandlePolicy | None

    @property
    def where(self) -> str: ...
    @property
    def layout(self) -> Layout: ...
    @property
    def adjusted_by(self) -> str | None: ...
    @property
    def dates(self) -> bool: ...
    @property
    def zone_name(self) -> str: ...
    @property
    def bucket_zone(self) -> str: ...
    @property
    def stored(self) -> Timeframe: ...
    def read(self, names: Sequence[str], symbols: Sequence[str] | None, around: Bounds) -> pl.DataFrame: ...
    def place_rows(self, raw: pl.DataFrame) -> Placed: ...
    def bucket(self, timeframe: Timeframe) -> pl.Expr: ...
    def whole_bars(self, timeframe: Timeframe) -> pl.DataFrame: ...


class Loading:
    """One load of one repository: which columns, which timeframe."""

    def __init__(self, repository: _StoredBars, timeframe: Timeframe, columns: Iterable[str]) -> None:
        self.repository = repository
        self.timeframe = timeframe
        self.columns = list(dict.fromkeys(name for name in columns if name not in {"symbol", "ts"}))
        self.counts: Counts = {}
        layout = repository.layout
        self.needed = self.columns + columns_to_adjust(self.columns, repository.adjusted_by, layout)
        self.sources = {name: layout.source_of(name, repository.where) for name in self.needed}

    @property
    def is_plain(self) -> bool:
        """Whether no number is stored as text, of which rows that are none must be named with their symbol."""
        types = self.repository.layout.types
        return not any(is_text(types[source]) for name, source in self.sources.items() if name in CANDLE_FIELDS)

    def load(self, symbols: Sequence[str] | None, start: Bound, end: Bound, before: int | None) -> pa.Table:
        """The candle table."""
        return to_table(self.frame(symbols, start, end, before), self.columns, self.counts)

    def load_checked(
        self,
        symbols: Sequence[str] | None,
        start: Bound,
        end: Bound,
        before: int | None,
        policy: CandlePolicy,
        kept: Sequence[str],
    ) -> CheckedCandles:
        """The candles, checked; of the columns those that are kept."""
        frame = self.frame(symbols, start, end, before)
        return check_frame(frame.select("symbol", "ts", *self.columns), policy, kept, self.counts)

    def frame(self, symbols: Sequence[str] | None, start: Bound, end: Bound, before: int | None) -> pl.DataFrame:
        """Read, arrange, cut."""
        bounds = self.bounds(start, end)
        wanted = None if symbols is None else sorted(set(symbols))
        first = bounds.first if before == 0 else self.early_enough(bounds.first, before)
        frame = self.arranged(wanted, first, bounds.last)
        if before and bounds.first is not None and first is not None:
            frame = self.completed(frame, wanted, bounds, before)
        if before is not None and bounds.first is not None:
            frame = keep_before(frame, bounds.first, before)
        return frame if bounds.last is None else frame.filter(Bounds(None, bounds.last).filter())

    def bounds(self, start: Bound, end: Bound) -> Bounds:
        """What is asked for, in the kind of the stored ts."""
        return Bounds.read(start, end, dates=self.repository.dates, tz=self.repository.zone_name)

    def around(self, start: Bound, end: Bound, before: int | None) -> Bounds:
        """Between which times rows are read; of symbols that have too few there, all earlier ones as well."""
        bounds = self.bounds(start, end)
        return self.widened(bounds.first if before == 0 else self.early_enough(bounds.first, before), bounds.last)

    def widened(self, first: Instant | None, last: Instant | None) -> Bounds:
        """Bounds that cut none of the bars that are asked for."""
        resampled = self.timeframe != self.repository.stored
        return self.whole_buckets(first, last) if resampled else Bounds(first, last)

    def early_enough(self, first: Instant | None, before: int | None) -> Instant | None:
        """A start before which `before` bars usually do not lie: trading hours and weekends thin the bars out."""
        if first is None or before is None:
            return None
        thin = 6.0 if self.timeframe.intraday else 1.6 if self.timeframe.seconds < 5 * DAY else 1.1
        days = before * self.timeframe.seconds / DAY * thin + 10 + 2 * self.timeframe.seconds / DAY
        if days > 36_500:
            return None
        return shifted(first, -dt.timedelta(days=days))

    def completed(self, frame: pl.DataFrame, wanted: Sequence[str] | None, bounds: Bounds, before: int) -> pl.DataFrame:
        """Read symbols whole that have fewer bars ahead of the start than asked for, though they have earlier ones."""
        starts, ahead = ahead_counts(frame, bounds.first)
        enough = (
            frame["symbol"].gather(starts[:-1]).filter(pl.Series(ahead >= before)) if len(ahead) else frame["symbol"]
        )
        earliest = frame.group_by("symbol").agg(pl.col("ts").min().alias("seen"))
        known = (
            self.repository.whole_bars(self.timeframe)
            .lazy()
            .join(earliest.lazy(), on="symbol", how="left")
            .collect(engine="in-memory")
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
        """The bars from `first` to `last`, at least, in the timeframe asked for; none with stored bars after `last`."""
        bounds = self.widened(first, last)
        raw = self.repository.read(list(self.sources.values()), symbols, bounds)
        placed = self.repository.place_rows(raw)
        frame = self.adjusted(in_kind(placed.frame, dates=self.repository.dates).filter(bounds.filter()))
        if self.timeframe == self.repository.stored:
            self.note(placed.counts)
            return frame
        longer = resample(
            self.fit(frame, placed.counts), self.timeframe, self.needed, tz=self.repository.bucket_zone, edges=True
        )
        uncut = longer if last is None else longer.filter(pl.col(LAST_TS) <= last)
        return self.whole(uncut).select("symbol", "ts", *self.needed)

    def fit(self, frame: pl.DataFrame, counts: Counts) -> pl.DataFrame:
        """Stored bars fit for joining: a longer bar does not show that its volume has a repeated row in it.

        They are treated as the policy says; what was found goes with `counts`, what was found while placing them. Where
        a symbol has to fail, the count lets it fail when the longer bars are checked.
        """
        policy = self.repository.policy or CandlePolicy()
        failing: dict[str, Action] = {kind: "keep" for kind in KINDS if policy.action(kind) == "error"}
        checked = check_candles(frame, replace(policy, **failing))
        found: Counts = {}
        for symbol, kinds in checked.by_symbol.items():
            for kind, rows in kinds.items():
                found.setdefault(kind, {})[symbol] = rows
        self.note(merged(counts, found))
        return checked.frame

    def whole(self, longer: pl.DataFrame) -> pl.DataFrame:
        """The bars without each symbol's first and last where these are not whole, wherever the load was cut."""
        known = self.repository.whole_bars(self.timeframe).select(
            "symbol", pl.col("first").alias("~first"), pl.col("last").alias("~last")
        )
        return longer.join(known, on="symbol", how="left", maintain_order="left").filter(
            pl.col("ts").is_between("~first", "~last")
        )

    def span(self) -> tuple[Instant, Instant] | None:
        """The first and the last ts of the longer bars of all symbols; None when there is no whole one."""
        known = self.repository.whole_bars(self.timeframe)
        if known.is_empty():
            return None
        found: list[Instant] = []
        for edge, is_first in ((known["first"].min(), True), (known["last"].max(), False)):
            bucket = self.whole_buckets(edge, edge)  # type: ignore[arg-type]
            ts = self.arranged(None, bucket.first, bucket.last)["ts"]
            if ts.is_empty():  # a hole beside the bucket that is not whole
                ts = self.arranged(None, None, None)["ts"]
            if ts.is_empty():
                return None
            found.append(ts.min() if is_first else ts.max())  # type: ignore[arg-type]
        return found[0], found[1]

    def whole_buckets(self, first: Instant | None, last: Instant | None) -> Bounds:
        """Widen bounds so that no bucket is cut."""
        dtype = pl.Date if self.repository.dates else TS
        ends = pl.DataFrame({"ts": pl.Series([first, last], dtype=dtype)})
        step = dt.timedelta(days=1) if self.repository.dates else dt.timedelta(microseconds=1)
        begin = self.repository.bucket(self.timeframe).alias("first")
        end = (self.timeframe.end(pl.col("ts"), self.repository.bucket_zone) - step).alias("last")
        widened = ends.select(begin, end)
        return Bounds(in_calendar(widened["first"])[0], in_calendar(widened["last"])[1])

    def adjusted(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Columns under their standard names and in their kinds, prices adjusted."""
        keys = [frame[name] for name in ("symbol", "ts") if name in frame.columns]
        named = pl.DataFrame([*keys, *(frame[source].alias(name) for name, source in self.sources.items())])
        others = [name for name in self.sources if named.schema[name] != pl.Float64]
        if others:
            named = named.with_columns(*(numbers(named, name, self.repository.where) for name in others))
        return adjust_prices(named, self.repository.adjusted_by)

    def note(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        """Remember what was found while placing rows; a symbol that is read twice counts once."""
        for kind, found in counts.items():
            self.counts.setdefault(kind, {}).update(found)
