"""Qlib: its operators, applied symbol by symbol to frames in memory in place of its own data files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
import pandas as pd
from qlib.data.base import Expression
from qlib.data.cache import H
from qlib.data.ops import (
    EMA,
    WMA,
    Abs,
    Add,
    And,
    Corr,
    Delta,
    Div,
    Greater,
    Gt,
    If,
    Lt,
    Max,
    Mean,
    Min,
    Mul,
    Operators,
    OpsList,
    Ref,
    Std,
    Sub,
    Sum,
)
from qlib.utils import parse_field

from bench.peers.serving import COLUMNS, Candles, Columns, Way, serve
from bench.workloads import factors

Universe = Mapping[str, Mapping[str, pd.Series]]
HELD: dict[str, Mapping[str, pd.Series]] = {}
FEW = 25  # symbols: the weighted averages call Python for each bar


class Column(Expression):
    """A column of candles that are in memory already; Qlib's own Feature reads a file."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return f"${self.name}"

    def _load_internal(self, instrument: str, start_index: int, end_index: int, *_: object) -> pd.Series:
        return HELD[instrument][self.name]

    def get_longest_back_rolling(self) -> int:
        return 0

    def get_extended_window_size(self) -> tuple[int, int]:
        return 0, 0


HIGH, LOW, CLOSE, VOLUME = (Column(name) for name in COLUMNS[1:])


def rsi(n: int) -> Expression:
    change = Delta(CLOSE, 1)
    gain, loss = EMA(Greater(change, 0), 1 / n), EMA(Greater(Mul(change, -1), 0), 1 / n)
    return Mul(Div(gain, Add(gain, loss)), 100)


def scan() -> Mapping[str, Expression]:
    above = And(Gt(CLOSE, Mean(CLOSE, 20)), Gt(VOLUME, Mul(Mean(VOLUME, 20), 1.5)))
    return {"match": And(above, Lt(rsi(14), 70))}


def movements() -> tuple[Expression, Expression, Expression]:
    up, down = Delta(HIGH, 1), Mul(Delta(LOW, 1), -1)
    plus = If(And(Gt(up, down), Gt(up, 0)), up, Mul(up, 0))
    minus = If(And(Gt(down, up), Gt(down, 0)), down, Mul(down, 0))
    before = Ref(CLOSE, 1)
    spread = Greater(Sub(HIGH, LOW), Greater(Abs(Sub(HIGH, before)), Abs(Sub(LOW, before))))
    return plus, minus, spread


def adx(n: int) -> Expression:
    plus, minus, spread = (EMA(each, 1 / n) for each in movements())
    plus, minus = Div(plus, spread), Div(minus, spread)
    return EMA(Mul(Div(Abs(Sub(plus, minus)), Add(plus, minus)), 100), 1 / n)


def indicators() -> Mapping[str, Expression]:
    line = Sub(EMA(CLOSE, 12), EMA(CLOSE, 26))
    signal = EMA(line, 9)
    spread = Mul(Std(CLOSE, 20), (19 / 20) ** 0.5)  # Qlib's own is of the sample
    stochastic = Mul(Div(Sub(CLOSE, Min(LOW, 14)), Sub(Max(HIGH, 14), Min(LOW, 14))), 100)
    signed = If(Gt(Delta(CLOSE, 1), 0), VOLUME, If(Lt(Delta(CLOSE, 1), 0), Mul(VOLUME, -1), Mul(VOLUME, 0)))
    return {
        **{f"sma_{n}": Mean(CLOSE, n) for n in (10, 20, 50)},
        **{f"ema_{n}": EMA(CLOSE, n) for n in (10, 20, 50)},
        **{f"wma_{n}": Mul(WMA(CLOSE, n), n) for n in (10, 20, 50)},  # Qlib's own divides by n once too often
        "rsi_14": rsi(14),
        "macd": line,
        "macd_signal": signal,
        "macd_hist": Sub(line, signal),
        "bbands_upper": Add(Mean(CLOSE, 20), Mul(spread, 2)),
        "bbands_lower": Sub(Mean(CLOSE, 20), Mul(spread, 2)),
        "atr_14": EMA(movements()[2], 1 / 14),
        "adx_14": adx(14),
        "stoch_k": stochastic,
        "stoch_d": Mean(stochastic, 3),
        "obv": Sum(signed, 0),
        "highest_252": Max(HIGH, 252),
        "lowest_252": Min(LOW, 252),
        "stdev_20": spread,
        "roc_10": Mul(Sub(Div(CLOSE, Ref(CLOSE, 10)), 1), 100),
        "correlation_20": Corr(CLOSE, VOLUME, 20),
    }


def alpha158() -> Mapping[str, Expression]:
    """Read as Qlib reads them, with columns in memory in place of its features."""
    Operators.register(OpsList)
    known = {"Operators": Operators, "Column": Column}
    texts = {
        name: parse_field(text).replace("Operators.Feature", "Column") for name, text in factors("alpha158").items()
    }
    return {name: eval(text, known) for name, text in texts.items()}


def universe(candles: Candles) -> Universe:
    """Each symbol's columns as series, as Qlib holds them while it computes."""
    slices = candles.slices()
    held = {str(at): {n: pd.Series(each[at]) for n, each in slices.items()} for at in range(candles.symbols)}
    HELD.update(held)
    return held


def run(held: Universe, columns: Mapping[str, Expression]) -> Mapping[str, list[pd.Series]]:
    """Qlib remembers what it has loaded: its cache is emptied, so that it computes."""
    H.clear()
    bars = len(held["0"]["close"])
    return {name: [column.load(each, 0, bars - 1, "day") for each in held] for name, column in columns.items()}


def arrays(found: Mapping[str, list[pd.Series]]) -> Columns:
    return {name: np.concatenate([series.to_numpy() for series in each]) for name, each in found.items()}


ALL = "stops at a mask; series of each symbol made beforehand, its own data files left out"
SOME = f"measured over {FEW} symbols and scaled up; its own data files left out"
WAYS = (
    Way("Qlib", "operators on series", "scan", partial(run, columns=scan()), arrays, universe, remark=ALL),
    Way(
        *("Qlib", "operators on series", "indicators", partial(run, columns=indicators()), arrays, universe),
        symbols=FEW,
        remark=SOME,
    ),
    Way(
        *("Qlib", "operators on series", "alpha158", partial(run, columns=alpha158()), arrays, universe),
        symbols=FEW,
        remark=SOME,
    ),
)

if __name__ == "__main__":
    serve(WAYS)
