"""Candles looked at before anything is computed: faulty rows are found, counted, and treated as the policy says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import polars as pl
import pyarrow as pa

from ..errors import CandleError
from .candles import Candles
from .layout import PRICES
from .placing import Counts, Placed, place, read_counts
from .policies import KINDS, CandlePolicy, DefectKind

ROWS_NAMED: Final = 10
WORDS: Final[Mapping[DefectKind, str]] = {
    "duplicate_ts": "more than one row for a ts",
    "unsorted": "rows stored after later ones",
    "null": "rows without a value",
    "nan": "rows with NaN",
    "infinite": "rows with an infinite value",
    "non_positive": "rows with a price <= 0 or a volume < 0",
    "high_below_low": "rows with high < low",
    "close_outside": "rows with the close outside [low, high]",
}


@dataclass(frozen=True, slots=True)
class CheckedCandles:
    """Candles fit for computing: sorted by (symbol, ts), every number finite or null, failed symbols left out.

    `errors` has the failed symbols, `counts` the faulty rows of each kind (a row with two null fields counts once),
    `by_symbol` the same for each symbol that has any.
    """

    candles: Candles
    errors: Mapping[str, CandleError] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    by_symbol: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def frame(self) -> pl.DataFrame:
        """The candles as one frame: symbol, ts and the other columns."""
        return self.candles.frame


def check_candles(
    candles: pl.DataFrame | pa.Table, policy: CandlePolicy | None = None, columns: Iterable[str] | None = None
) -> CheckedCandles:
    """Check a candle table: columns symbol, ts and any further ones; only what is present is looked at.

    `columns` are those to keep besides symbol and ts, by default all: others, loaded for the check (`companions`), go.
    Never raises for faulty rows: a symbol whose policy is `error` is in `errors`, and not in the frame.

    >>> from datetime import date
    >>> days = [date(2024, 1, 2), date(2024, 1, 3)]
    >>> candles = pl.DataFrame({"symbol": "A", "ts": days, "open": [0.0, 9.0], "close": [10.0, float("nan")]})
    >>> checked = check_candles(candles)
    >>> checked.frame.select("open", "close").rows(), checked.counts
    ([(None, 10.0), (9.0, None)], {'nan': 1, 'non_positive': 1})
    """
    chosen = policy or CandlePolicy()
    placed = placed_again(candles)
    defects = Defects(placed.frame, chosen)
    counts = merged(placed.counts, defects.counts())
    errors = defects.errors(counts)
    by_symbol: dict[str, dict[str, int]] = {}
    for kind, found in counts.items():
        for symbol, rows in found.items():
            by_symbol.setdefault(symbol, {})[kind] = rows
    totals: dict[str, int] = {kind: sum(counts[kind].values()) for kind in KINDS if counts.get(kind)}
    frame = defects.treated(errors)
    kept = frame if columns is None else frame.select("symbol", "ts", *columns)
    return CheckedCandles(Candles.of(kept), errors, totals, by_symbol)


def placed_again(candles: pl.DataFrame | pa.Table) -> Placed:
    """The rows in their order, which is verified here whoever made the table, and what was found while placing them."""
    if isinstance(candles, pl.DataFrame):
        return place(candles)
    frame = pl.from_arrow(candles)
    assert isinstance(frame, pl.DataFrame)
    placed = place(frame)
    return Placed(placed.frame, merged(read_counts(candles), placed.counts))


def merged(left: Counts, right: Counts) -> Counts:
    """Both counts together."""
    both: Counts = {kind: dict(found) for kind, found in left.items()}
    for kind, found in right.items():
        known = both.setdefault(kind, {})
        for symbol, rows in found.items():
            known[symbol] = known.get(symbol, 0) + rows
    return both


class Defects:
    """The faulty rows of a sorted table. A mask for each kind and field; those that hit nothing are left out."""

    def __init__(self, frame: pl.DataFrame, policy: CandlePolicy) -> None:
        self.frame = frame
        self.policy = policy
        self.numbers = [
            name for name in frame.columns if name not in {"symbol", "ts"} and frame.schema[name].is_float()
        ]
        masks = {(kind, fields): mask.fill_null(value=False) for kind, fields, mask in self.possible()}
        hits = (
            frame.select(mask.any().alias(str(index)) for index, mask in enumerate(masks.values())).row(0)
            if masks
            else ()
        )
        self.masks = {place: mask for (place, mask), hit in zip(masks.items(), hits, strict=True) if hit}

    def possible(self) -> Iterable[tuple[DefectKind, tuple[str, ...], pl.Expr]]:
        """Every kind of defect with the fields it makes unusable and the rows it is in."""
        symbol, ts = pl.col("symbol"), pl.col("ts")
        yield "duplicate_ts", (), (ts == ts.shift(-1)) & (symbol == symbol.shift(-1))
        for name in self.numbers:
            column = pl.col(name)
            yield "null", (name,), column.is_null()
            yield "nan", (name,), column.is_nan()
            yield "infinite", (name,), column.is_infinite()
            if name in PRICES:
                yield "non_positive", (name,), column.is_finite() & (column <= 0)
            if name == "volume":
                yield "non_positive", (name,), column.is_finite() & (column < 0)
        if {"high", "low"} <= set(self.numbers):
            high, low, close = self.usable("high"), self.usable("low"), self.usable("close")
            yield "high_below_low", ("high", "low"), high < low
            if "close" in self.numbers:
                yield "close_outside", ("close",), (high >= low) & ((close < low) | (close > high))

    def usable(self, name: str) -> pl.Expr:
        """A price where it can be compared: a missing high does not make the low wrong."""
        column = pl.col(name)
        fit = column.is_finite() if self.policy.non_positive == "keep" else column.is_finite() & (column > 0)
        return pl.when(fit).then(column)

    def rows_of(self, kind: DefectKind) -> pl.Expr:
        """The rows with any defect of that kind."""
        return pl.any_horizontal([mask for (found, _), mask in self.masks.items() if found == kind])

    @property
    def kinds(self) -> list[DefectKind]:
        """The kinds that were found."""
        return [kind for kind in KINDS if any(found == kind for found, _ in self.masks)]

    def counts(self) -> Counts:
        """The faulty rows: kind -> symbol -> number."""
        found = {}
        for kind in self.kinds:
            rows = self.frame.filter(self.rows_of(kind)).group_by("symbol", maintain_order=True).len()
            found[str(kind)] = dict(rows.iter_rows())
        return found

    def errors(self, counts: Counts) -> dict[str, CandleError]:
        """The symbols that fail, each with its first kind of defect."""
        failed: dict[str, CandleError] = {}
        for kind in KINDS:
            if self.policy.action(kind) == "error" and counts.get(kind):
                named = self.rows_named(kind)
                for symbol, count in counts[kind].items():
                    failed.setdefault(symbol, candle_error(symbol, kind, count, named.get(symbol, ())))
        return failed

    def rows_named(self, kind: DefectKind) -> dict[str, Sequence[str]]:
        """The first faulty rows of each symbol, as text."""
        if kind not in self.kinds:
            return {}
        rows = self.frame.filter(self.rows_of(kind)).group_by("symbol", maintain_order=True)
        return dict(rows.agg(written(self.frame.schema["ts"]).head(ROWS_NAMED)).iter_rows())

    def treated(self, errors: Mapping[str, CandleError]) -> pl.DataFrame:
        """The table without failed symbols and dropped rows, what is unusable undefined."""
        frame = self.frame
        keep = [~self.rows_of(kind) for kind in self.kinds if self.policy.action(kind) == "drop"]
        if errors:
            keep.append(~pl.col("symbol").is_in(list(errors)))
        # Masks compare rows with their neighbours and fields with each other, so all are taken before anything changes.
        undefined = [pl.when(~mask).then(pl.col(name)).alias(name) for name, mask in self.undefined_masks().items()]
        if undefined or keep:
            stays = pl.all_horizontal(keep) if keep else pl.lit(value=True)
            frame = frame.with_columns(*undefined, stays.alias("~stays")).filter("~stays").drop("~stays")
        return frame

    def undefined_masks(self) -> dict[str, pl.Expr]:
        """For each field the rows where it is unusable."""
        masks: dict[str, list[pl.Expr]] = {}
        for (kind, fields), mask in self.masks.items():
            if kind in {"nan", "infinite"} or self.policy.action(kind) == "undefined":
                for name in fields:
                    masks.setdefault(name, []).append(mask)
        return {name: pl.any_horizontal(found) for name, found in masks.items()}


def written(dtype: pl.DataType) -> pl.Expr:
    """The ts as text."""
    return pl.col("ts").dt.strftime("%Y-%m-%d" if dtype == pl.Date else "%Y-%m-%dT%H:%M:%SZ")


def candle_error(symbol: str, kind: DefectKind, count: int, rows: Sequence[str]) -> CandleError:
    """Word a symbol's error: what, how many, which rows, and what can be done."""
    more = f" and {count - len(rows)} more" if rows and count > len(rows) else ""
    which = f" at {', '.join(rows)}{more}" if rows else ""
    other = {"duplicate_ts": "drop", "unsorted": "keep"}.get(kind, "undefined")
    message = f"{symbol}: {WORDS[kind]}: {count}{which}; the policy {kind}={other!r} lets the symbol live"
    return CandleError(message, symbol=symbol, kind=kind, rows=rows, count=count)
