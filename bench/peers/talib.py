"""TA-Lib in a Python loop over symbols: over ready slices, over pandas' groups, and in a pool of processes."""

from __future__ import annotations

import multiprocessing as mp
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.pool import Pool
from typing import Any

import numpy as np
import pandas as pd
import talib

from bench.peers.serving import COLUMNS, Candles, Columns, Way, serve

Bars = Mapping[str, np.ndarray]
NAMES = (
    *(f"{name}_{n}" for name in ("sma", "ema", "wma") for n in (10, 20, 50)),
    *("rsi_14", "macd", "macd_signal", "macd_hist", "bbands_upper", "bbands_lower", "atr_14", "adx_14", "stoch_k"),
    *("stoch_d", "obv", "highest_252", "lowest_252", "stdev_20", "roc_10", "correlation_20"),
)


def scan(bars: Bars) -> np.ndarray:
    """Where one symbol matches."""
    close, volume = bars["close"], bars["volume"]
    return (close > talib.SMA(close, 20)) & (volume > 1.5 * talib.SMA(volume, 20)) & (talib.RSI(close, 14) < 70)


def indicators(bars: Bars) -> list[np.ndarray]:
    """One symbol's columns, in the order of NAMES."""
    high, low, close, volume = (bars[name] for name in COLUMNS[1:])
    upper, _, lower = talib.BBANDS(close, 20, 2, 2)
    return [
        *(average(close, n) for average in (talib.SMA, talib.EMA, talib.WMA) for n in (10, 20, 50)),
        talib.RSI(close, 14),
        *talib.MACD(close, 12, 26, 9),
        upper,
        lower,
        talib.ATR(high, low, close, 14),
        talib.ADX(high, low, close, 14),
        *talib.STOCHF(high, low, close, 14, 3),
        talib.OBV(close, volume),
        talib.MAX(high, 252),
        talib.MIN(low, 252),
        talib.STDDEV(close, 20),
        talib.ROC(close, 10),
        talib.CORREL(close, volume, 20),
    ]


def loop_scan(slices: Bars) -> np.ndarray:
    """All symbols, one after the other, each a view that costs nothing."""
    close, volume = slices["close"], slices["volume"]
    matches = np.empty(close.shape, dtype=np.bool_)
    for symbol in range(len(close)):
        matches[symbol] = scan({"close": close[symbol], "volume": volume[symbol]})
    return matches


def loop_indicators(slices: Bars) -> np.ndarray:
    """All columns of all symbols: [column, symbol, bar]."""
    found = np.empty((len(NAMES), *slices["close"].shape))
    for symbol in range(found.shape[1]):
        for column, values in enumerate(indicators({name: slices[name][symbol] for name in COLUMNS})):
            found[column, symbol] = values
    return found


def grouped_scan(frame: pd.DataFrame) -> np.ndarray:
    """The same, with pandas cutting the long table."""
    groups = frame.groupby("symbol", sort=False, observed=True)
    return np.concatenate([scan({n: part[n].to_numpy() for n in COLUMNS}) for _, part in groups])


def grouped_indicators(frame: pd.DataFrame) -> pd.DataFrame:
    """The same, with pandas cutting the long table and putting the parts together."""
    groups = frame.groupby("symbol", sort=False, observed=True)
    parts = [np.stack(indicators({n: part[n].to_numpy() for n in COLUMNS})) for _, part in groups]
    return pd.DataFrame(dict(zip(NAMES, np.concatenate(parts, axis=1), strict=True)), index=frame.index)


@dataclass
class Pooled:
    """Processes that have inherited the slices; indicators go into memory that all share."""

    slices: Bars
    threads: int
    wide: int
    pool: Pool = field(init=False)
    shared: Any = field(init=False)

    def __post_init__(self) -> None:
        global POOLED  # noqa: PLW0603 - what a forked process inherits must be found from its module
        self.shared = mp.RawArray("d", self.wide * self.slices["close"].size)
        POOLED = self
        self.pool = mp.get_context("fork").Pool(self.threads)

    def output(self) -> np.ndarray:
        return np.frombuffer(self.shared).reshape(self.wide, *self.slices["close"].shape)

    def spans(self) -> list[tuple[int, int]]:
        symbols, step = len(self.slices["close"]), 50
        return [(at, min(at + step, symbols)) for at in range(0, symbols, step)]


POOLED: Pooled


def pooled_scan_span(span: tuple[int, int]) -> np.ndarray:
    return loop_scan({name: POOLED.slices[name][slice(*span)] for name in COLUMNS})


def pooled_indicators_span(span: tuple[int, int]) -> None:
    POOLED.output()[:, slice(*span)] = loop_indicators({n: POOLED.slices[n][slice(*span)] for n in COLUMNS})


def pooled_scan(pooled: Pooled) -> np.ndarray:
    return np.concatenate(pooled.pool.map(pooled_scan_span, pooled.spans(), chunksize=5))


def pooled_indicators(pooled: Pooled) -> np.ndarray:
    pooled.pool.map(pooled_indicators_span, pooled.spans(), chunksize=5)
    return pooled.output()


def pooled(candles: Candles, wide: int) -> Pooled:
    return Pooled(candles.slices(), candles.threads, wide)


def to_pandas(candles: Candles) -> pd.DataFrame:
    """A frame whose symbols are a categorical, which pandas groups fastest."""
    return candles.frame.to_pandas().astype({"symbol": "category"})


def match(matches: np.ndarray) -> Columns:
    return {"match": matches}


def named(found: np.ndarray | pd.DataFrame) -> Columns:
    return {name: found[name if isinstance(found, pd.DataFrame) else at] for at, name in enumerate(NAMES)}


READY, GROUPED, POOL = "loop over ready slices", "loop over pandas groups", "pool of processes over ready slices"
STOPS = "stops at a mask; numpy slices of each symbol made beforehand"
SHARED = "stops at a mask; processes started and data inherited beforehand"
COPIED = "columns in shared memory that is kept from run to run"
WAYS = (
    Way("TA-Lib", READY, "scan", loop_scan, match, Candles.slices, remark=STOPS),
    Way("TA-Lib", GROUPED, "scan", grouped_scan, match, to_pandas),
    Way("TA-Lib", POOL, "scan", pooled_scan, match, partial(pooled, wide=0), threads=None, remark=SHARED),
    Way("TA-Lib", READY, "indicators", loop_indicators, named, Candles.slices, remark="slices made beforehand"),
    Way("TA-Lib", GROUPED, "indicators", grouped_indicators, named, to_pandas),
    Way(
        *("TA-Lib", POOL, "indicators", pooled_indicators, named),
        prepare=partial(pooled, wide=len(NAMES)),
        threads=None,
        remark=COPIED,
    ),
)

if __name__ == "__main__":
    serve(WAYS)
