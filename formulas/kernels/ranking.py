"""Kernels across symbols that put a section's numbers in order: ranks, the n largest, medians and quantiles."""

from __future__ import annotations

from .crossing import Run, Section, across
from .emitting import Value
from .lanes import Lanes, function, indicator, larger, smaller, where


@across
def rank(section: Section) -> None:
    """The average rank; with a setting other than 0 from 0 to 1, and 0.5 where there is only one."""
    percent = section.setting(0) != 0.0
    first, others = where(percent, 1.0, 0.0), where(percent, section.n - 1.0, 1.0)

    def value(run: Run, _: Value) -> Lanes:
        return where(others == 0.0, 0.5, (run.rank - first) / others)

    section.ascending().answer(value)


@across
def rank_share(section: Section) -> None:
    """The average rank over how many there are."""
    section.ascending().answer(lambda run, _: run.rank / section.n)


@across
def quantile_bucket(section: Section) -> None:
    """The average rank times the number of buckets over how many there are, rounded up."""
    section.ascending().answer(lambda run, _: function("ceil", run.rank * section.setting(0) / section.n))


@across
def top(section: Section) -> None:
    """So many are larger, or equal and of an earlier symbol."""

    def value(run: Run, place: Value) -> Lanes:
        before = section.n - section.real(run.end) + (section.real(place) - section.real(run.begin))
        return indicator(before < section.setting(0))

    section.ascending().answer(value)


@across
def bottom(section: Section) -> None:
    """So many are smaller, or equal and of an earlier symbol."""
    section.ascending().answer(lambda _, place: indicator(section.real(place) < section.setting(0)))


@across
def across_median(section: Section) -> None:
    """The middle number, or the mean of the two in the middle."""
    section.answer_all(section.ascending().quantile(0.5))


@across
def across_quantile(section: Section) -> None:
    """The number at a share of the way through the order."""
    section.answer_all(section.ascending().quantile(section.setting(0)))


@across
def clip_quantiles(section: Section) -> None:
    """No smaller than one quantile, no larger than the other."""
    order, share = section.ascending(), section.setting(0)
    low, high = order.quantile(share), order.quantile(1.0 - share)
    section.answer(lambda index: smaller(larger(section.x(index), low), high))
