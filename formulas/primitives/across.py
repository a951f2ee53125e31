"""Across symbols: over all symbols of the universe that have a defined value at the same ts, or a group of them."""

from __future__ import annotations

import polars as pl

from ..declaring_across import across
from ..kinds import Booleans, Count, Countable, Factor, Length, Numbers, Share, Switch, Tail
from ..scope import Population
from .moments import correlated


@across
def rank(population: Population, x: Numbers, percent: Switch = False) -> Numbers:
    """The rank of the symbol's value among all symbols, 1 for the smallest; equal values share the average rank.

    With `percent=true` from 0 for the smallest to 1 for the largest (0.5 where there is only one).
    """
    place = population.of(x.rank("average"))
    if not percent:
        return place
    others = population.of(x.count()).cast(pl.Float64) - 1
    return pl.when(others > 0).then((place - 1) / others).otherwise(0.5)


@across
def rank_share(population: Population, x: Numbers) -> Numbers:
    """The average rank over the number of symbols: above 0, and 1 for the largest. As pandas' rank(pct=True)."""
    return population.of(x.rank("average")) / population.of(x.count())


@across
def quantile_bucket(population: Population, x: Numbers, n: Count = 5) -> Numbers:
    """Which of `n` equally full buckets the symbol's value falls in, 1 for the smallest values to `n`.

    It is ceil(n * rank / number of symbols) with the average rank: equal values always share a bucket.
    """
    return (population.of(x.rank("average")) * n / population.of(x.count())).ceil()


@across
def top(population: Population, x: Numbers, n: Length = 10) -> Booleans:
    """Whether the value is one of the `n` largest of all symbols; ties go to the symbol that sorts first."""
    # rows are sorted by symbol, and an ordinal rank gives equal values their places in the order of the rows
    return population.of(x.rank("ordinal", descending=True)) <= n


@across
def bottom(population: Population, x: Numbers, n: Length = 10) -> Booleans:
    """Whether the value is one of the `n` smallest of all symbols; ties go to the symbol that sorts first."""
    return population.of(x.rank("ordinal")) <= n


@across
def demean(population: Population, x: Numbers) -> Numbers:
    """The value less the mean of all symbols; with `by`, of those that share its group."""
    return population.gap(x)


@across
def zscore(population: Population, x: Numbers) -> Numbers:
    """Population standard deviations above the mean of all symbols; undefined where all are equal."""
    return pl.when(~population.is_flat(x)).then(population.gap(x) / population.spread(x))


@across
def scale(population: Population, x: Numbers, to: Factor = 1) -> Numbers:
    """The value times what makes the absolute values of all symbols add up to `to`; undefined where all are 0."""
    return x / population.of(x.abs().sum()) * to


@across
def winsorize(population: Population, x: Numbers, limit: Factor = 4) -> Numbers:
    """The value, held within `limit` population standard deviations of the mean of all symbols."""
    mean, width = population.mean(x), population.spread(x) * limit
    return x.clip(mean - width, mean + width)


@across
def clip_quantiles(population: Population, x: Numbers, share: Tail = 0.05) -> Numbers:
    """The value, held between the quantiles `share` and 1 - `share` of all symbols.

    A quantile is interpolated between the two values nearest to it, as by NumPy and pandas.
    """
    bounds = [population.of(x.quantile(each, interpolation="linear")) for each in (share, 1.0 - share)]
    return x.clip(*bounds)


@across
def neutralize(population: Population, x: Numbers, y: Numbers = 0) -> Numbers:  # type: ignore[assignment]  # the language's default is the number 0
    """What is left of `x` once the least-squares line on `y` through all symbols, with its intercept, is taken off.

    Without `y`, and where it is the same for all, that is the value less the mean.
    """
    gap_y = population.gap(y)
    slope = pl.when(~population.is_flat(y)).then(_slope(population, x, y)).otherwise(0.0)
    return population.gap(x) - slope * gap_y


@across
def across_mean(population: Population, x: Countable) -> Numbers:
    """The mean of all symbols; of a condition the share of those at which it is true."""
    return population.mean(x)


@across
def across_sum(population: Population, x: Countable) -> Numbers:
    """The sum of all symbols; of a condition the number of those at which it is true."""
    return population.of(x.sum())


@across
def across_count(population: Population, condition: Booleans) -> Numbers:
    """At how many symbols the condition is true. How many have a value is `across_count(defined(x))`."""
    return population.of(condition.cast(pl.Float64).sum())


@across
def across_min(population: Population, x: Numbers) -> Numbers:
    """The smallest value of all symbols."""
    return population.of(x.min())


@across
def across_max(population: Population, x: Numbers) -> Numbers:
    """The largest value of all symbols."""
    return population.of(x.max())


@across
def across_median(population: Population, x: Numbers) -> Numbers:
    """The middle value of all symbols; of an even number the mean of the two in the middle."""
    return population.of(x.median())


@across
def across_quantile(population: Population, x: Numbers, share: Share = 0.5) -> Numbers:
    """The value below which this share of all symbols' values lies, 0 for the smallest, 1 for the largest.

    It is interpolated between the two values nearest to it, as by NumPy and pandas.
    """
    return population.of(x.quantile(share, interpolation="linear"))


@across
def across_stdev(population: Population, x: Numbers) -> Numbers:
    """The population standard deviation of all symbols' values."""
    return population.spread(x)


@across
def across_slope(population: Population, x: Numbers, y: Numbers) -> Numbers:
    """The slope of the least-squares line of `x` on `y` through all symbols; undefined where all `y` are equal."""
    return pl.when(~population.is_flat(y)).then(_slope(population, x, y))


@across
def across_correlation(population: Population, x: Numbers, y: Numbers) -> Numbers:
    """Pearson's correlation of two series over all symbols, -1 to 1; undefined where one of them is flat."""
    gap_x, gap_y = population.gap(x), population.gap(y)
    squares_x, squares_y, products = (
        population.of((x * y).sum()) for x, y in ((gap_x, gap_x), (gap_y, gap_y), (gap_x, gap_y))
    )
    found = correlated(squares_x, squares_y, products)
    return pl.when(~population.is_flat(x) & ~population.is_flat(y)).then(found)


def _slope(population: Population, x: Numbers, y: Numbers) -> pl.Expr:
    gap_x, gap_y = population.gap(x), population.gap(y)
    return population.of((gap_x * gap_y).sum()) / population.of((gap_y * gap_y).sum())
