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

UNKNOWN = "unknown function"


@dataclass(frozen=True)
class Judgement:
    """`verdict` is "equal", "equal after N bars", "differs" or "not in the library".

    `widest` is the widest relative difference of the bars at which both have a value.
    """

    source: str
    name: str
    grade: str
    formula: str
    bars: int
    widest: float
    verdict: str

    @property
    def kind(self) -> str:
        """The verdict without its number of bars."""
        return "settles" if self.verdict.startswith("equal after") else self.verdict


def ours(case: Case) -> Values:
    """Our values; NaN where undefined. A condition counts as 1 and 0."""
    begin = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
    ts = [begin + dt.timedelta(days=day) for day in range(len(case.expected))]
    columns = {name: pl.Series(given, dtype=pl.Float64) for name, given in case.columns.items()}
    table = bs.evaluate({"value": case.formula}, pl.DataFrame({"ts": ts, **columns}))
    known = table["value"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return np.concatenate([known[case.late :], np.full(case.late, np.nan)])


def judge(case: Case) -> Judgement:
    """Compare every bar of which the reference says something."""
    given = np.flatnonzero(~np.isnan(case.expected))
    given = given[given < len(case.expected) - case.late]
    try:
        found = ours(case)[given]
    except bs.FormulaError as error:
        if UNKNOWN not in str(error):
            raise
        return _judgement(case, len(given), np.nan, "not in the library")
    return _compared(case, given, case.expected[given], found)


def _compared(case: Case, given: Values, expected: Values, found: Values) -> Judgement:
    gap = np.where(np.isnan(found), np.inf, np.abs(found - expected))
    size = np.maximum(np.maximum(np.abs(expected), np.abs(np.nan_to_num(found))), case.scale)
    off = np.flatnonzero(gap > case.rounding[given] * (1 + 1e-6) + NEAR * size)
    both = np.isfinite(gap) & (size > 0)
    widest = float(np.max(gap[both] / size[both], initial=0.0))
    return _judgement(case, len(given), widest, _verdict(off, given))


def _judgement(case: Case, bars: int, widest: float, verdict: str) -> Judgement:
    return Judgement(case.source, case.name, case.grade, case.formula, bars, widest, verdict)


def _verdict(off: Values, given: Values) -> str:
    if off.size == 0:
        return "equal"
    last = int(off[-1])
    return f"equal after {given[last] + 1} bars" if last < SETTLED_BY * given.size - 1 else "differs"
