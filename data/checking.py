"""Candles looked at before anything is computed: faulty rows are found, counted, and treated as the policy says."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from ..errors import CandleError
from .candles import Candles
from .handing import column_of
from .inspecting import Fault, Inspection
from .numbers_of_rows import Rows, together
from .placing import Counts, place, read_counts
from .policies import KINDS, CandlePolicy, DefectKind
from .spans import Spans

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

    Every column of `candles.table` is one piece of memory.

    `errors` has the failed symbols, `counts` the faulty rows of each kind (a row with two null fields counts once),
    `by_symbol` the same for each symbol that has any. `shortened` are the symbols that live, but have lost rows.
    `seconds` is what the check took.
    """

    candles: Candles
    errors: Mapping[str, CandleError] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    by_symbol: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    shortened: frozenset[str] = frozenset()
    seconds: float = 0.0

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
    if isinstance(candles, pa.Table):
        frame = pl.from_arrow(candles)
        assert isinstance(frame, pl.DataFrame)
        return check_frame(frame, policy or CandlePolicy(), columns, read_counts(candles))
    return check_frame(candles, policy or CandlePolicy(), columns, {})


def check_frame(
    frame: pl.DataFrame, policy: CandlePolicy, columns: Iterable[str] | None, counts: Counts
) -> CheckedCandles:
    """As `check_candles`: the order is verified, whoever made the frame. `counts` is what was found in making it."""
    placed = place(frame)
    inspection = Inspection(placed.candles, repeated=placed.repeated)
    loaded = list(inspection.columns)
    kept = loaded if columns is None else list(columns)
    return checked(inspection, Spans.of(placed.candles.starts), loaded, kept, policy, merged(counts, placed.counts))


def merged(left: Counts, right: Counts) -> Counts:
    """Both counts together."""
    both: Counts = {kind: dict(found) for kind, found in left.items()}
    for kind, found in right.items():
        known = both.setdefault(kind, {})
        for symbol, rows in found.items():
            known[symbol] = known.get(symbol, 0) + rows
    return both


def checked(
    inspection: Inspection,
    spans: Spans,
    loaded: Sequence[str],
    kept: Sequence[str],
    policy: CandlePolicy,
    counts: Counts,
) -> CheckedCandles:
    """Check some rows of an inspected table: its columns `loaded`, of which `kept` are handed out.

    `counts` is what was found while placing the rows.
    """
    began = time.perf_counter()
    faults = inspection.faults(loaded, policy)
    defects = Defects(inspection.candles, spans, faults, policy)
    all_counts = merged(counts, defects.counts())
    errors = defects.errors(all_counts)
    by_symbol: dict[str, dict[str, int]] = {}
    for kind, found in all_counts.items():
        for symbol, rows in found.items():
            by_symbol.setdefault(symbol, {})[kind] = rows
    totals: dict[str, int] = {kind: sum(all_counts[kind].values()) for kind in KINDS if all_counts.get(kind)}
    columns = [inspection.candles.ts, *(inspection.usable(name, faults, policy) for name in kept)]
    candles, shortened = defects.left(columns, errors)
    return CheckedCandles(candles, errors, totals, by_symbol, shortened, time.perf_counter() - began)


class Defects:
    """The faults within some rows of a sorted table, by kind and symbol."""

    def __init__(self, candles: Candles, spans: Spans, faults: Sequence[Fault], policy: CandlePolicy) -> None:
        self.candles = candles
        self.spans = spans
        self.policy = policy
        self.rows: dict[DefectKind, Rows] = {}
        for kind in KINDS:
            found = [each.rows for each in faults if each.kind == kind]
            if found:
                self.rows[kind] = together(found)

    def counts(self) -> Counts:
        """The faulty rows: kind -> symbol -> number."""
        found = {str(kind): self.per_symbol(self.spans.counts(rows)) for kind, rows in self.rows.items()}
        return {kind: counts for kind, counts in found.items() if counts}

    def per_symbol(self, counts: NDArray[np.int64]) -> dict[str, int]:
        """The counts above zero by symbol."""
        symbols, numbers = self.candles.symbols, self.spans.numbers
        return {symbols[numbers[place]]: int(counts[place]) for place in np.flatnonzero(counts)}

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
        rows = self.rows.get(kind)
        if rows is None:
            return {}
        first = np.searchsorted(rows, self.spans.begins)
        last = np.minimum(np.searchsorted(rows, self.spans.ends), first + ROWS_NAMED)
        named = Spans(self.spans.numbers, first, last)
        texts = written(self.candles.ts.gather(column_of("row", rows[named.rows()]))).to_list()
        ends = np.cumsum(named.lengths)
        symbols = self.candles.symbols
        return {
            symbols[named.numbers[place]]: tuple(texts[ends[place] - named.lengths[place] : ends[place]])
            for place in np.flatnonzero(named.lengths)
        }

    def left(self, columns: Sequence[pl.Series], errors: Mapping[str, CandleError]) -> tuple[Candles, frozenset[str]]:
        """The candles without failed symbols and dropped rows, and the symbols that lost rows."""
        symbols, spans = self.candles.symbols, self.spans
        if errors:
            spans = spans.only(np.array([symbols[number] not in errors for number in spans.numbers], dtype=np.bool_))
        dropped = [rows for kind, rows in self.rows.items() if self.policy.action(kind) == "drop"]
        gone = together(dropped)
        lost = spans.counts(gone)
        shortened = frozenset(symbols[number] for number in spans.numbers[lost > 0])
        lengths = spans.lengths - lost
        there = lengths > 0
        starts = np.concatenate([[0], np.cumsum(lengths[there])])
        table = pl.DataFrame(spans.take(columns, gone if shortened else None)).rechunk()
        return Candles(
            self.candles.named(spans.numbers[there]), starts, table, self.keys(spans) if not shortened else None
        ), shortened

    def keys(self, spans: Spans) -> pl.Series | None:
        """The column of symbols where it costs nothing."""
        keys, pieces = self.candles.keys, spans.pieces()
        if keys is None or len(pieces) != 1:
            return None
        ((begin, end),) = pieces
        return keys.slice(begin, end - begin)


def written(ts: pl.Series) -> pl.Series:
    """The ts as text."""
    return ts.dt.strftime("%Y-%m-%d" if ts.dtype == pl.Date else "%Y-%m-%dT%H:%M:%SZ")


def candle_error(symbol: str, kind: DefectKind, count: int, rows: Sequence[str]) -> CandleError:
    """Word a symbol's error: what, how many, which rows, and what can be done."""
    more = f" and {count - len(rows)} more" if rows and count > len(rows) else ""
    which = f" at {', '.join(rows)}{more}" if rows else ""
    other = {"duplicate_ts": "drop", "unsorted": "keep"}.get(kind, "undefined")
    message = f"{symbol}: {WORDS[kind]}: {count}{which}; the policy {kind}={other!r} lets the symbol live"
    return CandleError(message, symbol=symbol, kind=kind, rows=rows, count=count)
