"""Averages that begin with a plain mean, written out with pandas."""

import numpy as np


def smoothed(x, n, alpha):
    """Begun with the mean of the first n values."""
    begin = x.first_valid_index() + n - 1
    seeded = x.copy()
    seeded.iloc[:begin] = np.nan
    seeded.iloc[begin] = x.iloc[begin - n + 1 : begin + 1].mean()
    return seeded.ewm(alpha=alpha, adjust=False).mean()


def ema(x, n):
    return smoothed(x, n, 2 / (n + 1))


def rma(x, n):
    return smoothed(x, n, 1 / n)
