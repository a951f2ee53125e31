"""An event study: what prices did after matches, beside what they did after all bars of the same dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from numbers import Integral
from typing import Any, Final, get_args

import numpy as np
import polars as pl

from ...errors import ProcessingEngineError
from ...formulas.freezing import frozen
from ..bar_places import BarPlaces
from .counting import grouped, groups
from .prices import LEFT, Entry, bars_after, forward
from .statistics import Moments, newey_west, student, welch
from .studied import StudiedMatches

GROUP = "~group"
ROUNDING: Final = 1e-13  # of a mean
COUNTS = ("horizon", "matches", "returns", "ended", "undefined")
OF_DATES = ("universe_returns", "universe_mean", "universe_median", "universe_hit_rate")
TESTS = ("excess", "t", "dates", "excess_by_date", "t_by_date", "t_newey_west")


@frozen(eq=False, slots=False)
class ForwardReturns:
    """Returns after matches, over `horizons` bars of each symbol's own; candles are loaded at the first look.

    `frame`    the matches with a column `forward_5` for the horizon 5
    `by_date`  of each date with matches: formula and swept params, horizon, the mean return of its matches, of the
               universe, and the difference `excess`
    `summary`  a row for each formula, point and horizon:

    - `matches`, `returns` (defined), `ended` (the symbol has fewer bars than that after the match), `undefined` (a
      price is missing or not above 0)
    - `mean`, `median`, `hit_rate` (share above 0), `deviation` of the matches' returns
    - `universe_returns`, `universe_mean`, `universe_median`, `universe_hit_rate`: all bars of the job's usable symbols
      on the dates that have a match
    - `excess`: mean of each match's return less the universe's mean of its date
    - `t`: Welch's, of `mean` against `universe_mean`: each return counts as independent, so it flatters matches that
      fall on the same dates, or closer than the horizon
    - `dates`, `excess_by_date`, `t_by_date`: matches of one date are averaged first, less the universe's mean; each
      date is one value, so matches that fall together count once. Horizons above 1 still overlap from date to date
    - `t_newey_west`: the same mean, its error by Newey and West with horizon - 1 lags of the universe's calendar
    """

    result: StudiedMatches = field(repr=False)
    horizons: tuple[int, ...]
    entry: Entry = "close"
    log: bool = False

    def __post_init__(self) -> None:
        for horizon in self.horizons:
            if not isinstance(horizon, Integral) or isinstance(horizon, bool) or horizon < 1:
                raise ProcessingEngineError(f"a horizon is {horizon!r}; whole numbers of bars from 1 are needed")
        if not self.horizons or len(set(self.horizons)) < len(self.horizons):
            raise ProcessingEngineError(f"horizons are {list(self.horizons)}; one or more different ones are needed")
        if self.entry not in get_args(Entry):
            raise ProcessingEngineError(f'entry is {self.entry!r}; it is "close" (of the match) or "next_open"')

    @cached_property
    def frame(self) -> pl.DataFrame:
        """The matches, in their order, with the returns after each."""
        return self._matches.drop(LEFT, GROUP)

    @cached_property
    def by_date(self) -> pl.DataFrame:
        """Of each date that has matches, the mean return of these and of the universe."""
        return self._dates.drop(GROUP)

    @cached_property
    def _dates(self) -> pl.DataFrame:
        tables = []
        others = self._universe.group_by("ts").agg(pl.col(map(forward, self.horizons)).mean())
        for horizon in self.horizons:
            value = pl.col(forward(horizon))
            own = self._matches.group_by("ts", GROUP, *self.result.tags).agg(
                value.count().cast(pl.Int64).alias("returns"), value.mean().alias("mean")
            )
            other = others.select("ts", value.alias("universe_mean"))
            joined = own.filter(pl.col("returns") > 0).join(other, on="ts", how="left")
            tables.append(joined.with_columns(_excess().alias("excess"), pl.lit(horizon, pl.Int64).alias("horizon")))
        names = ("horizon", "returns", "mean", "universe_mean", "excess")
        return pl.concat(tables).sort("ts", GROUP, "horizon").select("ts", *self.result.tags, *names, GROUP)

    @cached_property
    def summary(self) -> pl.DataFrame:
        """A row for each formula, point and horizon."""
        named = groups(self.result)
        rows = []
        for place in named[GROUP]:
            matches = self._matches.filter(pl.col(GROUP) == place)
            universe = self._universe.join(matches.select("ts").unique(), on="ts", how="semi")
            rows += [self._row(place, horizon, matches, universe) for horizon in self.horizons]
        kinds = dict.fromkeys((GROUP, *COUNTS, OF_DATES[0], "dates"), pl.Int64)
        names = (GROUP, *COUNTS, "mean", "median", "hit_rate", "deviation", *OF_DATES, *TESTS)
        made = pl.DataFrame(rows, schema={name: kinds.get(name, pl.Float64) for name in names})
        return named.join(made, on=GROUP, how="left", maintain_order="left").drop(GROUP)

    @cached_property
    def _found(self) -> pl.DataFrame:
        named = groups(self.result)
        return grouped(self.result, self.result.lazy, named).collect()

    @cached_property
    def _bars(self) -> pl.DataFrame:
        """Every bar of the universe from the first match on."""
        if self._found.is_empty():
            returns = [pl.lit(None, pl.Float64).alias(forward(horizon)) for horizon in self.horizons]
            return self._found.select("symbol", "ts", pl.lit(0, pl.Int64).alias(LEFT), *returns)
        return bars_after(self.result, self._found["ts"].min(), self.horizons, self.entry, log=self.log)

    @cached_property
    def _universe(self) -> pl.DataFrame:
        """The bars of dates that have a match of any formula."""
        return self._bars.join(self._found.select("ts").unique(), on="ts", how="semi")

    @cached_property
    def _matches(self) -> pl.DataFrame:
        return BarPlaces(self._bars).looked_up(self._found)

    @cached_property
    def _calendar(self) -> pl.Series:
        return self._bars["ts"].unique().sort()

    def _row(self, place: int, horizon: int, matches: pl.DataFrame, universe: pl.DataFrame) -> Mapping[str, Any]:
        """What is known of the matches of one formula or point, over one horizon."""
        name = forward(horizon)
        own, other = matches[name].drop_nulls(), universe[name].drop_nulls()
        ended = int((matches[LEFT] < horizon).sum())
        first, second = Moments.of(own.to_numpy()), Moments.of(other.to_numpy())
        dates = self._dates.filter(pl.col(GROUP) == place, pl.col("horizon") == horizon)
        excess = dates["excess"].to_numpy()
        places = self._calendar.search_sorted(dates["ts"]).to_numpy().astype(np.intp)
        return {
            GROUP: place,
            "horizon": horizon,
            "matches": matches.height,
            "returns": len(own),
            "ended": ended,
            "undefined": matches.height - len(own) - ended,
            "mean": own.mean(),
            "median": own.median(),
            "hit_rate": (own > 0).mean(),
            "deviation": own.std(),
            "universe_returns": len(other),
            "universe_mean": other.mean(),
            "universe_median": other.median(),
            "universe_hit_rate": (other > 0).mean(),
            "excess": _weighted(excess, dates["returns"].to_numpy()),
            "t": welch(first, second),
            "dates": len(excess),
            "excess_by_date": dates["excess"].mean(),
            "t_by_date": student(excess),
            "t_newey_west": newey_west(excess, places, horizon - 1),
        }


def _excess() -> pl.Expr:
    """The difference of two means of returns; 0 where no more than rounding is left of it."""
    mean, other = pl.col("mean"), pl.col("universe_mean")
    large = (mean - other).abs() > ROUNDING * pl.max_horizontal(mean.abs(), other.abs())
    return pl.when(large).then(mean - other).otherwise(0.0)


def _weighted(values: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]) -> float | None:
    """The mean over matches of what is known by date."""
    return float(values @ weights / weights.sum()) if len(values) else None
