"""Values of single bars by exact arithmetic (the references), to judge where two float computations differ."""

from fractions import Fraction
from itertools import pairwise

from references.exact import fractions, mean
from references.registry import REFERENCES


def series(array):
    return [float(value) for value in array]


def typical_prices(candles, bars):
    columns = (fractions(series(column[bars])) for column in (candles.high, candles.low, candles.close))
    return [sum(prices) / 3 for prices in zip(*columns, strict=True)]


def last(name, *columns_and_settings):
    return REFERENCES[name](*columns_and_settings)[-1]


def ema(_, candles, t):
    return last("ema", series(candles.close[: t + 1]), 20)


def rsi(_, candles, t):
    close = fractions(series(candles.close[: t + 1]))
    changes = [after - before for before, after in pairwise(close)]
    gain = last("rma", [max(change, 0) for change in changes], 14)
    loss = last("rma", [max(-change, 0) for change in changes], 14)
    return None if gain + loss == 0 else 100 * gain / (gain + loss)


def bbands(name, candles, t):
    close = series(candles.close[t - 19 : t + 1])
    away = {"bbands.upper": 2, "bbands.middle": 0, "bbands.lower": -2}[name]
    return last("sma", close, 20) + away * last("variance", close, 20) ** 0.5


def stoch(name, candles, t):
    if name == "stoch.d":
        return mean([Fraction(stoch("stoch.k", candles, bar)) for bar in range(t - 2, t + 1)])
    high, low = (fractions(series(column[t - 13 : t + 1])) for column in (candles.high, candles.low))
    spread = max(high) - min(low)
    return None if spread == 0 else 100 * (Fraction(float(candles.close[t])) - min(low)) / spread


def cci(_, candles, t):
    typical = typical_prices(candles, slice(t - 19, t + 1))
    middle = mean(typical)
    deviation = mean([abs(price - middle) for price in typical])
    return None if deviation == 0 else (typical[-1] - middle) / (Fraction(15, 1000) * deviation)


def mfi(_, candles, t):
    # Whether a typical price rose is decided between floats: exact sums of equal prices differ in the 17th digit.
    hlc3 = (candles.high + candles.low + candles.close) / 3
    typical = fractions(series(hlc3[t - 14 : t + 1]))
    flows = [price * Fraction(float(v)) for price, v in zip(typical, candles.volume[t - 14 : t + 1], strict=True)]
    moves = [(*pair, flow) for pair, flow in zip(pairwise(typical), flows[1:], strict=True)]
    positive = sum(flow for before, after, flow in moves if after > before)
    negative = sum(flow for before, after, flow in moves if after < before)
    return None if positive + negative == 0 else 100 * positive / (positive + negative)


def linreg(_, candles, t):
    close = series(candles.close[t - 13 : t + 1])
    return last("sma", close, 14) + last("slope", close, 14) * 13 / 2


def correlation(_, candles, t):
    bars = slice(t - 19, t + 1)
    return last("correlation", series(candles.close[bars]), series(candles.volume[bars]), 20)


JUDGES = {
    "ema": ema,
    "rsi": rsi,
    "bbands": bbands,
    "stoch": stoch,
    "cci": cci,
    "mfi": mfi,
    "linreg": linreg,
    "correlation": correlation,
}


def exact_value(name, candles, t):
    """The value of a formula of FORMULAS at bar t, rounded once; raises KeyError where no judge is written."""
    value = JUDGES[name.split(".")[0]](name, candles, t)
    return float("nan") if value is None else float(value)
