"""What is wrong in a sorted table: found column by column, each looked at once, however often it is asked for.

The first look at a column is cheap: its sum is finite only if every value is, its minimum says whether any is too
small. Which rows are at fault is found out where that look raises a suspicion, and only then.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import polars as pl

from .candles import Candles
from .layout import PRICES
from .numbers_of_rows import NONE, Rows, blocks
from .placing import repeated_rows
from .policies import CandlePolicy, DefectKind
from .side_by_side import side_by_side

TALL: Final = 2**21
"""Rows from which on several columns are looked at side by side, by as many threads as Polars has, however many workers
there are: who else asks for candles that are held waits for it, and batches are smaller."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fault may be: its kind and the fields that it makes unusable.

    `loose` says that prices that are not positive are fit to be compared.
    """

    kind: DefectKind
    fields: tuple[str, ...] = ()
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """The rows that have a fault."""

    place: Place
    rows: Rows

    @property
    def kind(self) -> DefectKind:
        """The kind of defect."""
        return self.place.kind


class Inspection:
    """A sorted table and what was found in it so far; safe to use from several threads.

    `candles` may lack value columns; `supply(name)` makes one when it is first asked for. Columns without faults are
    handed on as they are; one with faults that are to be undefined is copied, once.
    """

    def __init__(
        self, candles: Candles, supply: Callable[[str], pl.Series] | None = None, repeated: Rows | None = None
    ) -> None:
        self.candles = candles
        self.supply = supply
        self.columns = {column.name: column for column in candles.table.get_columns() if column.name != "ts"}
        self.found: dict[Place, Rows] = {} if repeated is None else {Place("duplicate_ts"): repeated}
        self.mended: dict[tuple[str, tuple[Place, ...]], pl.Series] = {}
        self.lock = threading.RLock()

    def column(self, name: str) -> pl.Series:
        """A column as it is, faults and all."""
        with self.lock:
            if name not in self.columns:
                assert self.supply is not None
                self.columns[name] = self.supply(name)
            return self.columns[name]

    def faults(self, names: Sequence[str], policy: CandlePolicy) -> list[Fault]:
        """What is wrong in these columns and in the order of ts; places without a fault are left out."""
        with self.lock:
            numbers = [name for name in names if self.column(name).dtype.is_float()]
            places = list(possible(numbers, loose=policy.non_positive == "keep"))
            unknown = [place for place in places if place not in self.found]
            if unknown:
                self.look(unknown)
            return [Fault(place, self.found[place]) for place in places if len(self.found[place])]

    def look(self, places: Sequence[Place]) -> None:
        """Find the rows at fault: a cheap look at all places at once, then an exact one at those under suspicion."""
        if Place("duplicate_ts") in places:
            self.found[Place("duplicate_ts")] = repeated_rows(self.candles.ts, self.candles.starts)
        fields = sorted({name for place in places for name in seen(place)})
        frame = pl.DataFrame([self.columns[name].alias(name) for name in fields])
        single = sorted({place.fields[0] for place in places if len(seen(place)) == 1})
        compared = [place for place in places if len(seen(place)) > 1]
        known: dict[str, Any] = {}
        threads = pl.thread_pool_size() if frame.height >= TALL else 1
        looks = side_by_side([partial(least_and_sum, frame[name]) for name in single], threads)
        for name, (least, total) in zip(single, looks, strict=True):
            known[f"min {name}"], known[f"sum {name}"] = least, total
        if compared:
            suspicions = [SUSPICIONS[place.kind].any().alias(place.kind) for place in compared]
            known |= frame.select(suspicions).row(0, named=True)
        for place in places:
            if place.fields and place not in self.found:
                suspect = known[place.kind] if place in compared else suspected(place, frame, known)
                self.found[place] = rows_of(frame, fault(place)) if suspect else NONE

    def usable(self, name: str, faults: Sequence[Fault], policy: CandlePolicy) -> pl.Series:
        """A column in which faults are undefined, as far as the policy says so; of `faults` those of its own count."""
        hits = [each for each in faults if name in each.place.fields and makes_undefined(each.kind, policy)]
        if not hits:
            return self.column(name)
        key = name, tuple(each.place for each in hits)
        with self.lock:
            if key not in self.mended:
                fit = np.ones(self.candles.height, dtype=np.bool_)
                for each in hits:
                    fit[each.rows] = False
                column = self.columns[name]
                self.mended[key] = pl.select(pl.when(pl.Series(fit)).then(column).alias(name)).to_series()
            return self.mended[key]


def possible(numbers: Sequence[str], *, loose: bool) -> Iterable[Place]:
    """Every place where something can be wrong, given the columns of numbers."""
    yield Place("duplicate_ts")
    for name in numbers:
        yield Place("null", (name,))
        yield Place("nan", (name,))
        yield Place("infinite", (name,))
        if name in PRICES or name == "volume":
            yield Place("non_positive", (name,))
    if {"high", "low"} <= set(numbers):
        yield Place("high_below_low", ("high", "low"), loose)
        if "close" in numbers:
            yield Place("close_outside", ("close",), loose)


# True wherever there is a fault of the kind; perhaps elsewhere too, where one of the prices is no price.
SUSPICIONS: Final = {
    "high_below_low": pl.col("high") < pl.col("low"),
    "close_outside": (pl.col("close") < pl.col("low")) | (pl.col("close") > pl.col("high")),
}


def seen(place: Place) -> tuple[str, ...]:
    """The columns that must be looked at."""
    return ("close", "high", "low") if place.kind == "close_outside" else place.fields


def least_and_sum(column: pl.Series) -> tuple[float | None, float]:
    """The least of what is not null, None of nothing, and the sum. If that is not finite, the least says nothing.

    >>> least_and_sum(pl.Series([2.0, None, 1.0]))
    (1.0, 3.0)
    """
    found: list[tuple[Any, Any]] = [(block.min(), block.sum()) for block in blocks(column)]
    return min((least for least, _ in found if least is not None), default=None), sum(total for _, total in found)


def suspected(place: Place, frame: pl.DataFrame, known: dict[str, float | None]) -> bool:
    """Whether a column may have a fault of the kind, by its number of nulls, its sum and its minimum."""
    (name,) = place.fields
    if place.kind == "null":
        return frame[name].null_count() > 0
    total, least = known[f"sum {name}"], known[f"min {name}"]
    if total is None or least is None:
        return False
    if not math.isfinite(total):
        return True
    return place.kind == "non_positive" and (least < 0 if name == "volume" else least <= 0)


def fault(place: Place) -> pl.Expr:
    """True in the rows at fault."""
    column = pl.col(place.fields[0])
    match place.kind:
        case "null":
            return column.is_null()
        case "nan":
            return column.is_nan()
        case "infinite":
            return column.is_infinite()
        case "non_positive":
            return column.is_finite() & (column < 0 if place.fields == ("volume",) else column <= 0)
    high, low, close = (comparable(name, loose=place.loose) for name in ("high", "low", "close"))
    if place.kind == "high_below_low":
        return high < low
    return (high >= low) & ((close < low) | (close > high))


def comparable(name: str, *, loose: bool) -> pl.Expr:
    """A price where it can be compared: a missing high does not make the low wrong."""
    column = pl.col(name)
    return pl.when(column.is_finite() if loose else column.is_finite() & (column > 0)).then(column)


def makes_undefined(kind: DefectKind, policy: CandlePolicy) -> bool:
    """Whether a field with that fault becomes undefined; a null is."""
    return kind != "null" and (kind in {"nan", "infinite"} or policy.action(kind) == "undefined")


def rows_of(frame: pl.DataFrame, mask: pl.Expr) -> Rows:
    """The numbers of the rows where the mask is true."""
    return frame.select(mask.arg_true()).to_series().to_numpy().astype(np.uint32, copy=False)
