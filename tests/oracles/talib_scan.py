"""One scan by a plain loop over symbols with TA-Lib, which shares nothing with the engine.

    x > sma(x, 20) and volume > 1.5 * sma(volume, 20) and rsi(x, 14) < 70

TA-Lib cannot pass over a hole, so it gets what lies between: averages run on each stretch without one, and the RSI on a
series put together of the changes that are defined.
"""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import talib
from references.exact import fractions, mean
from references.registry import REFERENCES

NEAR = 1e-9


def sma(values, n):
    """TA-Lib's mean on every stretch without a hole; its running sum begins anew on each."""
    result = np.full(values.size, np.nan)
    known = np.concatenate([[False], ~np.isnan(values), [False]])
    borders = np.flatnonzero(known[1:] != known[:-1])
    for begin, end in borders.reshape(-1, 2):
        if end - begin >= n:
            result[begin:end] = talib.SMA(values[begin:end], n)
    return result


def rsi(values, n):
    """TA-Lib's RSI over the defined changes; undefined while nothing has moved, where TA-Lib says 0."""
    changes = np.diff(values)
    known = ~np.isnan(changes)
    result = np.full(values.size, np.nan)
    if known.sum() < n:
        return result
    moves = changes[known]
    path = values if known.all() else np.concatenate([[0.0], np.cumsum(moves)])
    said = talib.RSI(path, n)[1:]
    result[1:][known] = np.where(np.cumsum(moves != 0) == 0, np.nan, said)
    return result


def sides(x, volume):
    """[3, 2, bars]: both sides of the three comparisons, the larger first."""
    bound = np.full(x.size, 70.0)
    bound[np.isnan(x)] = np.nan
    return np.array([[x, sma(x, 20)], [volume, 1.5 * sma(volume, 20)], [bound, rsi(x, 14)]])


def says(pairs):
    """[bars]: whether all three hold; undefined is no match."""
    return (pairs[:, 0] > pairs[:, 1]).all(axis=0)


def close_calls(pairs):
    """[bars]: two sides nearer than NEAR of their size, and no other comparison that fails clearly."""
    larger, smaller = pairs[:, 0], pairs[:, 1]
    near = np.abs(larger - smaller) < NEAR * np.fmax(np.abs(larger), np.abs(smaller))
    near |= (larger == 0) & (smaller == 0)
    return near.any(axis=0) & (near | (larger > smaller)).all(axis=0)


def exact_verdict(x, volume, t):
    """The scan's answer at bar t by exact arithmetic on the doubles as they are."""
    if t < 19 or np.isnan(x[t - 19 : t + 1]).any() or np.isnan(volume[t - 19 : t + 1]).any():
        return False
    prices, volumes = fractions(x[t - 19 : t + 1].tolist()), fractions(volume[t - 19 : t + 1].tolist())
    if not (prices[-1] > mean(prices) and volumes[-1] > mean(volumes) * Fraction(3, 2)):
        return False
    return exact_rsi(x[: t + 1].tolist()) < 70


def exact_rsi(values):
    known = [(before, after) for before, after in pairwise(values) if before == before and after == after]
    changes = [Fraction(after) - Fraction(before) for before, after in known]
    gain = REFERENCES["rma"]([max(change, 0) for change in changes], 14)[-1]
    loss = REFERENCES["rma"]([max(-change, 0) for change in changes], 14)[-1]
    # Nothing has moved: undefined, which is no match.
    return 100 * gain / (gain + loss) if gain + loss else 100.0
