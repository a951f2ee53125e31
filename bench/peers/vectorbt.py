"""vectorbt: its compiled window functions over matrices [bar, symbol], called directly, which spares its wrappers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from vectorbt.generic import nb

from bench.peers.serving import Candles, Columns, Way, serve

Matrix = np.ndarray
Matrices = Mapping[str, Matrix]


def mean(x: Matrix, n: int) -> Matrix:
    return nb.rolling_mean_nb(x, n, n)


def deviation(x: Matrix, n: int) -> Matrix:
    return nb.rolling_std_nb(x, n, n, 0)


def before(x: Matrix, n: int = 1) -> Matrix:
    return nb.fshift_nb(x, n)


def seeded(x: Matrix, span: int, n: int, skip: int) -> Matrix:
    """An exponential mean that starts with the simple mean of the first n values, after `skip` bars without one."""
    first = n - 1 + skip
    start = np.array(x, order="F")
    start[:first] = np.nan
    start[first] = x[skip : skip + n].mean(axis=0)
    return nb.ewm_mean_nb(start, span, 1, False)


def ema(x: Matrix, n: int, skip: int = 0) -> Matrix:
    return seeded(x, n, n, skip)


def wilder(x: Matrix, n: int, skip: int = 0) -> Matrix:
    return seeded(x, 2 * n - 1, n, skip)


def weighted(x: Matrix, n: int) -> Matrix:
    """From two rolling means; vectorbt has no weighted average."""
    bar = np.arange(len(x), dtype=np.float64)[:, None]
    return (mean(x * bar, n) - (bar - n) * mean(x, n)) / ((n + 1) / 2)


def correlation(x: Matrix, y: Matrix, n: int) -> Matrix:
    """From rolling means; vectorbt has no rolling correlation."""
    return (mean(x * y, n) - mean(x, n) * mean(y, n)) / (deviation(x, n) * deviation(y, n))


def rsi(close: Matrix, n: int) -> Matrix:
    change = close - before(close)
    gain, loss = wilder(np.maximum(change, 0), n, skip=1), wilder(np.maximum(-change, 0), n, skip=1)
    return 100 * (gain / (gain + loss))


def true_range(matrices: Matrices) -> Matrix:
    closed = before(matrices["close"])
    return np.maximum(matrices["high"], closed) - np.minimum(matrices["low"], closed)


def adx(matrices: Matrices, n: int) -> Matrix:
    """As TA-Lib: the first sums hold n - 1 movements and start to decay at once."""
    up = matrices["high"] - before(matrices["high"])
    down = before(matrices["low"]) - matrices["low"]
    movements = np.where((up > down) & (up > 0), up, 0.0), np.where((down > up) & (down > 0), down, 0.0)
    spread = started(true_range(matrices), n)
    plus, minus = (started(movement, n) / spread for movement in movements)
    return wilder(100 * (np.abs(plus - minus) / (plus + minus)), n, skip=n)


def started(x: Matrix, n: int) -> Matrix:
    begun = np.array(x, order="F")
    begun[0] = 0.0
    found = wilder(begun, n)
    found[:n] = np.nan
    return found


def scan(matrices: Matrices) -> Columns:
    close, volume = matrices["close"], matrices["volume"]
    return {"match": (close > mean(close, 20)) & (volume > 1.5 * mean(volume, 20)) & (rsi(close, 14) < 70)}


def obv(close: Matrix, volume: Matrix) -> Matrix:
    sign = np.sign(close - before(close))
    sign[0] = 1.0
    return np.cumsum(sign * volume, axis=0)


def indicators(matrices: Matrices) -> Columns:
    high, low, close, volume = (matrices[name] for name in ("high", "low", "close", "volume"))
    line = ema(close, 12, skip=14) - ema(close, 26)  # as TA-Lib: both start on the same bar
    signal = ema(line, 9, skip=25)
    middle, spread = mean(close, 20), deviation(close, 20)
    lowest, highest = nb.rolling_min_nb(low, 14, 14), nb.rolling_max_nb(high, 14, 14)
    stochastic = 100 * ((close - lowest) / (highest - lowest))
    earlier = before(close, 10)
    return {
        **{f"sma_{n}": mean(close, n) for n in (10, 20, 50)},
        **{f"ema_{n}": ema(close, n) for n in (10, 20, 50)},
        **{f"wma_{n}": weighted(close, n) for n in (10, 20, 50)},
        "rsi_14": rsi(close, 14),
        "macd": line,
        "macd_signal": signal,
        "macd_hist": line - signal,
        "bbands_upper": middle + 2 * spread,
        "bbands_lower": middle - 2 * spread,
        "atr_14": wilder(true_range(matrices), 14, skip=1),
        "adx_14": adx(matrices, 14),
        "stoch_k": stochastic,
        "stoch_d": mean(stochastic, 3),
        "obv": obv(close, volume),
        "highest_252": nb.rolling_max_nb(high, 252, 252),
        "lowest_252": nb.rolling_min_nb(low, 252, 252),
        "stdev_20": spread,
        "roc_10": 100 * ((close - earlier) / earlier),
        "correlation_20": correlation(close, volume, 20),
    }


def matrices(candles: Candles) -> Matrices:
    """[bar, symbol], a symbol's bars side by side in memory: the layout in which these functions are fastest."""
    return {name: values.T for name, values in candles.slices().items()}


def same(found: Columns) -> Columns:
    return found


LABEL, REMARK = "compiled window functions", "stops at a mask; matrices made beforehand, already compiled"
WAYS = (
    Way("vectorbt", LABEL, "scan", scan, same, matrices, wide=True, remark=REMARK),
    Way("vectorbt", LABEL, "indicators", indicators, same, matrices, wide=True, remark="matrices made beforehand"),
)

if __name__ == "__main__":
    serve(WAYS)
