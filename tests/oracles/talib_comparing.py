"""Calls of the talib library and of TA-Lib itself, compared symbol by symbol, bar by bar."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import polars as pl

import barsweep as bs

NEAR = 1e-8

PRICE = "price"
"""A scale: the largest value of the inputs so far, for differences of prices that come near zero."""

PERCENT = 100.0
"""A scale: the size of percentages, for differences of those."""

SCALES: dict[str, object] = {
    **dict.fromkeys(["AC", "AO", "APO", "AVGDEV", "DPO", "ERI", "HT_PHASOR", "LINEARREG_SLOPE", "QSTICK"], PRICE),
    **dict.fromkeys(["MACD", "MACDEXT", "MACDFIX"], PRICE),
    "ADOSC": PRICE,  # the volumes: the line that it smooths is a sum of them
    **dict.fromkeys(["CCI", "CMO", "COPPOCK", "FOSC", "KDJ", "MFI", "PPO", "STOCH", "STOCHF", "STOCHRSI"], PERCENT),
    "BETA": 1.0,
    "CMF": 1.0,
    "HT_DCPHASE": 360.0,
    "HT_SINE": 1.0,
    "LINEARREG_ANGLE": 180.0,
}
"""The size of the terms, where an output is a difference of larger ones: a number, PRICE or PERCENT."""


@dataclass
class Comparison:
    """What was found: calls that differ, with how and where; how many values were compared, and their widest gap."""

    wrong: list[tuple] = field(default_factory=list)
    bars: int = 0
    widest: float = 0.0


def compare(calls, candles):
    """Whether each call is defined at the same bars, and equal to NEAR of its value or of its terms."""
    formulas = {
        f"{number}:{name}": formula for number, call in enumerate(calls) for name, formula in call.formulas.items()
    }
    ours = bs.evaluate(formulas, candles)
    found = Comparison()
    for number, call in enumerate(calls):
        for rows, columns in symbols_of(candles):
            for name, theirs in call(columns).items():
                mine = ours[f"{number}:{name}"][rows].cast(pl.Float64).fill_null(np.nan).to_numpy()
                _note(found, (call.formulas[name], rows.start), mine, theirs, scale_of(call, columns))
    return found


def symbols_of(candles):
    """(rows, columns by name) of each symbol."""
    ends = np.cumsum([0, *candles["symbol"].rle().struct.field("len").to_list()])
    columns = {name: candles[name].to_numpy() for name in candles.columns if candles[name].dtype == pl.Float64}
    return [(slice(a, b), {name: column[a:b] for name, column in columns.items()}) for a, b in pairwise(ends)]


def scale_of(call, columns):
    scale = SCALES.get(call.function, 0.0)
    if scale != PRICE:
        return scale
    return np.maximum.accumulate(np.max([np.abs(columns[name]) for name in call.columns], axis=0))


def _note(found, what, mine, theirs, scale):
    found.bars += int((~np.isnan(theirs)).sum())
    apart = np.flatnonzero(np.isnan(mine) != np.isnan(theirs))
    if apart.size:
        found.wrong.append((*what, "defined", apart.size, apart[:3], mine[apart[:3]], theirs[apart[:3]]))
        return
    size = np.fmax(np.fmax(np.abs(mine), np.abs(theirs)), scale)
    with np.errstate(invalid="ignore", divide="ignore"):
        gap = np.nan_to_num(np.abs(mine - theirs) / size)
    at = int(gap.argmax())
    found.widest = max(found.widest, gap[at])
    if gap[at] > NEAR:
        found.wrong.append((*what, gap[at], int((gap > NEAR).sum()), at, mine[at], theirs[at]))
