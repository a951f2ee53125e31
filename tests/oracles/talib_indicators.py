"""What TA-Lib says of one symbol's candles, with the size of the terms that each value is a difference of.

`Candles` fields are float64 arrays. Each indicator gives, by the name of the formula in FORMULAS, TA-Lib's values, the
scale of its terms (an array or a number; 0 where nothing cancels), and where the window is degenerate, so that the
value is undefined here while TA-Lib says 0, and where it hangs on a comparison of two numbers equal up to rounding.
"""

from typing import NamedTuple

import numpy as np
import talib

FORMULAS = {
    "ema": "ema(close, 20)",
    "rsi": "rsi(close, 14)",
    "atr": "atr(14)",
    "adx": "adx(14)",
    "dmi.plus": "dmi(14).plus",
    "dmi.minus": "dmi(14).minus",
    "dmi.adx": "dmi(14).adx",
    "macd.line": "macd(close).line",
    "macd.signal": "macd(close).signal",
    "macd.hist": "macd(close).hist",
    "bbands.upper": "bbands(close, 20, 2).upper",
    "bbands.middle": "bbands(close, 20, 2).middle",
    "bbands.lower": "bbands(close, 20, 2).lower",
    "stoch.k": "stoch(14, 3).k",
    "stoch.d": "stoch(14, 3).d",
    "cci": "cci(20)",
    "mfi": "mfi(14)",
    "obv": "obv()",
    "sar": "sar(0.02, 0.02, 0.2)",
    "linreg": "linreg(close, 14)",
    "correlation": "correlation(close, volume, 20)",
}

READS = {
    **dict.fromkeys(FORMULAS, ("close",)),
    **dict.fromkeys(("atr", "adx", "dmi.plus", "dmi.minus", "dmi.adx"), ("high", "low", "close")),
    **dict.fromkeys(("stoch.k", "stoch.d", "cci"), ("high", "low", "close")),
    "mfi": ("high", "low", "close", "volume"),
    "obv": ("close", "volume"),
    "sar": ("high", "low"),
    "correlation": ("close", "volume"),
}
"""The columns that TA-Lib needs without a gap."""


class Candles(NamedTuple):
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray


class Said(NamedTuple):
    values: np.ndarray
    scale: np.ndarray | float = 0.0
    degenerate: np.ndarray | None = None
    close_call: np.ndarray | None = None


def talib_says(name, candles):
    """TA-Lib's answer for one of FORMULAS."""
    return SAYINGS[name.split(".")[0]](name, *candles)


def _ema(_, high, low, close, volume):
    return Said(talib.EMA(close, 20))


def _rsi(_, high, low, close, volume):
    still = np.cumsum(np.diff(close, prepend=close[0]) != 0) == 0
    return Said(talib.RSI(close, 14), 0.0, still)


def _atr(_, high, low, close, volume):
    return Said(talib.ATR(high, low, close, 14))


def _adx(_, high, low, close, volume):
    # An average of 100 * (plus - minus) / (plus + minus): the terms are up to 100.
    return Said(talib.ADX(high, low, close, 14), 100.0)


def _dmi(name, high, low, close, volume):
    if name == "dmi.adx":
        return _adx(name, high, low, close, volume)
    function = talib.PLUS_DI if name == "dmi.plus" else talib.MINUS_DI
    return Said(function(high, low, close, 14))


def _macd(name, high, low, close, volume):
    outputs = dict(zip(("macd.line", "macd.signal", "macd.hist"), talib.MACD(close, 12, 26, 9), strict=True))
    return Said(outputs[name], talib.SMA(close, 26))


def _bbands(name, high, low, close, volume):
    outputs = dict(zip(("bbands.upper", "bbands.middle", "bbands.lower"), talib.BBANDS(close, 20, 2, 2), strict=True))
    return Said(outputs[name], outputs["bbands.middle"])


def _stoch(name, high, low, close, volume):
    fast, slow = talib.STOCHF(high, low, close, 14, 3)
    flat = talib.MAX(high, 14) == talib.MIN(low, 14)
    near = flat | np.roll(flat, 1) | np.roll(flat, 2)
    return Said(fast, 100.0, flat) if name == "stoch.k" else Said(slow, 100.0, near)


def _cci(_, high, low, close, volume):
    typical = (high + low + close) / 3
    with np.errstate(divide="ignore"):
        scale = typical / (0.015 * _mean_deviation(typical, 20))
    return Said(talib.CCI(high, low, close, 20), scale, _flat(typical, 20))


def _mfi(_, high, low, close, volume):
    # 100 * positive / (positive + negative), from sums that TA-Lib carries along: the terms are the largest flow seen.
    flow, _, close_call = money_flows(high, low, close, volume)
    total = talib.SUM(np.abs(flow), 14)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 100 * np.maximum.accumulate(np.abs(flow)) / total
    return Said(talib.MFI(high, low, close, volume, 14), scale, total == 0, talib.SUM(close_call.astype(float), 14) > 0)


def money_flows(high, low, close, volume):
    """Flow by bar (negative where the typical price fell), typical price * volume, and where it moved by rounding only.

    TA-Lib's and our typical prices may differ in the last digit, so that a price that stays flows for one of the two.
    """
    typical = (high + low + close) / 3
    move = np.diff(typical, prepend=typical[0])
    close_call = np.abs(move) < 1e-9 * typical
    close_call[0] = False
    return np.sign(move) * typical * volume, typical * volume, close_call


def mfi_range(candles):
    """The least and the greatest MFI of 14 bars if each close call may flow either way."""
    flow, size, close_call = money_flows(*candles)
    either = talib.SUM(np.where(close_call, size, 0.0), 14)
    positive = talib.SUM(np.where(close_call, 0.0, np.maximum(flow, 0.0)), 14)
    negative = talib.SUM(np.where(close_call, 0.0, np.maximum(-flow, 0.0)), 14)
    least, greatest = positive / (positive + negative + either), (positive + either) / (positive + negative + either)
    # The first bar has no bar before it: its flow is in no window of TA-Lib's.
    return 100 * np.where(np.arange(flow.size) < 14, np.nan, least), 100 * greatest


def _obv(_, high, low, close, volume):
    return Said(talib.OBV(close, volume), np.cumsum(volume))


def _sar(_, high, low, close, volume):
    return Said(talib.SAR(high, low, 0.02, 0.2))


def _linreg(_, high, low, close, volume):
    return Said(talib.LINEARREG(close, 14), talib.SMA(close, 14))


def _correlation(_, high, low, close, volume):
    # Sums of squares and products of the raw values, of which TA-Lib subtracts the means' part.
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = _root_share(close, 20) * _root_share(volume, 20)
    return Said(talib.CORREL(close, volume, 20), scale, _flat(close, 20) | _flat(volume, 20))


SAYINGS = {
    "ema": _ema,
    "rsi": _rsi,
    "atr": _atr,
    "adx": _adx,
    "dmi": _dmi,
    "macd": _macd,
    "bbands": _bbands,
    "stoch": _stoch,
    "cci": _cci,
    "mfi": _mfi,
    "obv": _obv,
    "sar": _sar,
    "linreg": _linreg,
    "correlation": _correlation,
}


def windows(values, n):
    """[bars - n + 1, n]: every full window."""
    return np.lib.stride_tricks.sliding_window_view(values, n)


def _over(rule, values, n):
    if values.size < n:
        return np.full(values.size, np.nan)
    return np.concatenate([np.full(n - 1, np.nan), rule(windows(values, n))])


def _flat(values, n):
    return _over(lambda w: np.ptp(w, axis=1), values, n) == 0


def _mean_deviation(values, n):
    return _over(lambda w: np.abs(w - w.mean(axis=1, keepdims=True)).mean(axis=1), values, n)


def _root_share(values, n):
    """The root mean square of a window over its standard deviation."""
    return _over(lambda w: np.sqrt((w * w).mean(axis=1)) / w.std(axis=1), values, n)
