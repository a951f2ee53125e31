"""What came after the matches: this looks ahead, and says nothing of what could have been known.

Two pictures: how the close went on from a match, on average over all matches; and how the value of an account would
have grown that was always spread evenly over the symbols that matched within the last bars. Neither has costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any, Final

import numpy as np
import polars as pl

from ...data.handing import column_of
from ...formulas.freezing import mutable
from ..bar_places import Places
from ..studies.prices import Prices
from .packing import DIGITS, Floats, differences, packed, seconds_of

LONGEST: Final = 20
"""Bars that a match is followed."""
HELD: Final = 10
"""Bars that the account holds a symbol after a match."""
TOLD: Final = (1, 5, 10, 20)


@mutable(slots=False)
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
        prices = Prices(candles)
        rows = [places[places >= 0] for places in map(prices.places.rows_of, matches)]
        found, everything = [np.empty((LONGEST + 1, len(own))) for own in rows], []
        for bars in range(LONGEST + 1):
            change = 100 * prices.after(bars)  # one by one: of a ranking's universe all together would be large
            everything.append((change.sum(), change.count()))
            for after, own in zip(found, rows, strict=True):
                after[bars] = change.gather(column_of("rows", own)).to_numpy()
        self._all.append(np.array(everything, np.float64).T)
        for point, (after, own) in enumerate(zip(found, rows, strict=True)):
            self._after[point].append(after)
            self._days[point].append(_by_day(prices, own))

    def described(self) -> list[dict[str, Any]]:
        """For each point how the close went on, and how the account grew."""
        return [
            {"paths": _paths(np.concatenate(after, axis=1), self._all), "account": _account(days), "held": HELD}
            if after
            else {}
            for after, days in zip(self._after, self._days, strict=True)
        ]


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


def _by_day(prices: Prices, rows: Places) -> pl.DataFrame:
    """Sums of one bar's changes by ts: of symbols that are held after matches on these rows, and of all."""
    held, left = np.zeros(prices.candles.height, np.bool_), prices.places.left[rows]
    for bars in range(1, HELD + 1):
        held[rows[left >= bars] + bars] = True
    change = prices.after(1).shift(1)  # a symbol's last bar has none to hand on to the next symbol's first
    known = change.is_not_null()
    columns = {"ts": prices.candles["ts"], "change": change, "held": known & column_of("held", held), "known": known}
    return (
        pl.DataFrame(columns)
        .group_by("ts")
        .agg(
            pl.col("change").filter("held").sum().alias("held_sum"),
            pl.col("held").sum().alias("held_count"),
            pl.col("change").sum().alias("all_sum"),
            pl.col("known").sum().alias("all_count"),
        )
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
