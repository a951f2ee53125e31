"""Judging a case: bars compared, widest relative difference, and a verdict."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

import barsweep as bs

from .cases import Case, Values

NEAR = 1e-9
SETTLED_BY = 0.8
"""A recursion has settled if the bars that differ all lie in the first part of the reference."""


@dataclass(frozen=True)
class Judgement:
    """`verdict` is "equal", "equal after N bars" or "differs"."""

    case: Case
    bars: int
    widest: float
    verdict: str


def ours(case: Case) -> Values:
    """Our values; NaN where undefined. A condition counts as 1 and 0."""
    begin = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    ts = [begin + dt.timedelta(days=day) for day in range(len(case.expected))]
    columns = {name: pl.Series(given, dtype=pl.Float64) for name, given in case.columns.items()}
    table = bs.evaluate({"value": case.formula}, pl.DataFrame({"ts": ts, **columns}))
    return table["value"].cast(pl.Float64).fill_null(np.nan).to_numpy()


def judge(case: Case) -> Judgement:
    """Compare every bar of which the reference says something."""
    mine = ours(case)
    given = np.flatnonzero(~np.isnan(case.expected))
    expected, found = case.expected[given], mine[given]
    gap = np.where(np.isnan(found), np.inf, np.abs(found - expected))
    rounding = 0.0 if case.decimals is None else 0.5 * 10.0**-case.decimals
    allowed = rounding * (1 + 1e-6) + NEAR * np.maximum(np.abs(expected), np.abs(np.nan_to_num(found)))
    off = np.flatnonzero(gap > allowed)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = gap / np.abs(expected)
    widest = float(np.nanmax(np.where(expected == 0, 0.0, relative), initial=0.0))
    return Judgement(case, len(given), widest, _verdict(off, given))


def _verdict(off: np.ndarray, given: np.ndarray) -> str:
    if off.size == 0:
        return "equal"
    last = int(off[-1])
    return f"equal after {given[last] + 1} bars" if last < SETTLED_BY * given.size - 1 else "differs"
