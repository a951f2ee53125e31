"""What came after the matches: this looks ahead, and says nothing of what could have been known.

Two pictures: how the close went on from a match, on average over all matches; and how the value of an account would
have grown that was always spread evenly over the symbols that matched within the last bars. Neither has costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl

from .packing import DIGITS, Floats, Whole, differences, packed, seconds_of

LONGEST: Final = 20
"""Bars that a match is followed."""
HELD: Final = 10
"""Bars that the account holds a symbol after a match."""
TOLD: Final = (1, 5, 10, 20)


@dataclass
class Returns:
    """Gathers what came after the matches of each point, some symbols at a time."""

    points: int
    _after: list[list[Floats]] = field(default_factory=list)
    _days: list[list[pl.DataFrame]] = field(default_factory=list)
    _all: list[Floats] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._after = [[] for _ in range(self.points)]
        self._days = [[] for _ in range(self.points)]

    def add(self, candles: pl.DataFrame, matches: Sequence[pl.DataFrame]) -> None:
        """Note the bars of some symbols, and for each point the matches on them. Both are sorted by symbol and ts."""
        if "close" not in candles.columns or candles.is_empty():
            return
        keys = candles.select("symbol", "ts", at=pl.int_range(pl.len()))
        close = candles["close"].to_numpy().astype(np.float64)
        ends = keys.select(pl.col("at").max().over("symbol")).to_series().to_numpy()
        self._all.append(_sums(close, ends))
        for point, own in enumerate(matches):
            at = own.select("symbol", "ts").join(keys, on=["symbol", "ts"], maintain_order="left")["at"].to_numpy()
            self._after[point].append(_ahead(close, ends, at))
            self._days[point].append(_by_day(candles["ts"], close, ends, at))

    def described(self) -> list[dict[str, Any]]:
        """For each point how the close went on, and how the account grew."""
        return [
            {"paths": _paths(np.concatenate(after, axis=1), self._all), "account": _account(days), "held": HELD}
            if after
            else {}
            for after, days in zip(self._after, self._days, strict=True)
        ]


def _ahead(close: Floats, ends: Whole, at: Whole) -> Floats:
    """By how much, in percent, the close has changed since some bars; a row for each number of bars from 0 on.

    It is NaN where the symbol has ended before.
    """
    beyond = [at + bars for bars in range(LONGEST + 1)]
    later = np.array([np.where(place <= ends[at], close[np.minimum(place, ends[at])], np.nan) for place in beyond])
    return _change(close[at], later)


def _sums(close: Floats, ends: Whole) -> Floats:
    """Sum and number of such changes since all bars, for each number of bars."""
    found = []
    for bars in range(LONGEST + 1):
        stop = max(0, len(close) - bars)
        change = _change(close[:stop], close[bars:])[ends[:stop] == ends[bars:]]
        change = change[np.isfinite(change)]
        found.append((change.sum(), len(change)))
    return np.array(found).T


def _change(before: Floats, after: Floats) -> Floats:
    """In percent; NaN where there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        change = 100 * (after / before - 1)
    change[~np.isfinite(change)] = np.nan
    return change


def _paths(after: Floats, everything: Sequence[Floats]) -> dict[str, Any]:
    """Mean, median and quartiles of what came after, beside the mean over all bars of the same symbols."""
    sums, counts = np.sum(everything, axis=0)
    count = np.isfinite(after).sum(axis=1)
    some = after[:, np.isfinite(after).any(axis=0)] if after.size else after
    rows = [row[np.isfinite(row)] for row in some]
    quarters = [np.quantile(row, (0.25, 0.5, 0.75)) if len(row) else np.full(3, np.nan) for row in rows]
    return {
        "count": count.tolist(),
        "mean": _rounded([row.mean() if len(row) else np.nan for row in rows]),
        "low": _rounded([each[0] for each in quarters]),
        "median": _rounded([each[1] for each in quarters]),
        "high": _rounded([each[2] for each in quarters]),
        "hits": _rounded([100 * (row > 0).mean() if len(row) else np.nan for row in rows]),
        "all": _rounded(np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)),
        "told": list(TOLD),
    }


def _rounded(numbers: Sequence[float] | Floats) -> list[float | None]:
    return [round(float(number), 4) if np.isfinite(number) else None for number in numbers]


def _by_day(ts: pl.Series, close: Floats, ends: Whole, at: Whole) -> pl.DataFrame:
    """Sums of one bar's changes by ts: of symbols that are held, and of all."""
    held = np.zeros(len(close), np.bool_)
    for bars in range(1, HELD + 1):
        held[np.minimum(at + bars, ends[at])[at + bars <= ends[at]]] = True
    before = np.concatenate([[np.nan], close[:-1]])
    first = np.concatenate([[True], ends[1:] != ends[:-1]])
    change = np.where(first, np.nan, _change(before, close) / 100)
    known = np.isfinite(change)
    columns = {"ts": ts, "change": pl.Series(np.where(known, change, 0.0)), "held": held & known, "known": known}
    changes = pl.DataFrame(columns)
    return changes.group_by("ts").agg(
        pl.col("change").filter("held").sum().alias("held_sum"),
        pl.col("held").sum().alias("held_count"),
        pl.col("change").sum().alias("all_sum"),
        pl.col("known").sum().alias("all_count"),
    )


def _account(days: Sequence[pl.DataFrame]) -> str:
    """The account's value by ts, and that of one spread over all of the symbols; both begin with 1."""
    summed = pl.concat(days).group_by("ts").agg(pl.exclude("ts").sum()).sort("ts")
    held = pl.col("held_sum") / pl.col("held_count").clip(1)
    everything = pl.col("all_sum") / pl.col("all_count").clip(1)
    began = summed.filter(pl.col("held_count").cum_sum() > 0)
    grown = began.select("ts", "held_count", own=(1 + held).cum_prod(), all=(1 + everything).cum_prod())
    numbers = {name: grown[name].round_sig_figs(DIGITS).to_list() for name in ("own", "all")}
    return packed({"t": differences(seconds_of(grown["ts"])), "n": grown["held_count"].to_list(), **numbers})
