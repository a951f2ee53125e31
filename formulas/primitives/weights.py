"""Averages of windows whose weights follow from settings alone. Each stays within the range of the window's values."""

from __future__ import annotations

from ..declaring import window
from ..kinds import CLOSE, Length, Narrowness, Numbers, Row, Share
from ..scope import Scope


@window(warmup=lambda n, *_: n - 1, bounded=True)
def alma(scope: Scope, x: Numbers = CLOSE, n: Length = 9, offset: Share = 0.85, sigma: Narrowness = 6) -> Numbers:
    """Arnaud Legoux's moving average (2009): weights of a bell around `offset` of the window, n / sigma bars wide.

    The weight of the i-th bar from the oldest, 0 on, is exp(-(i - offset * (n - 1))^2 / (2 * (n / sigma)^2)). As
    TradingView's ta.alma.
    """
    return scope.kernel("alma", [x], [n, offset, sigma])[0]


@window(warmup=lambda n: n - 1, bounded=True)
def sine_wma(scope: Scope, x: Numbers = CLOSE, n: Length = 14) -> Numbers:
    """Sine-weighted moving average: the weights are half a sine wave, sin(pi * i / (n + 1)) for i from 1 to n."""
    return scope.kernel("sine_wma", [x], [n])[0]


@window(warmup=lambda n: n - 1, bounded=True)
def pascal_wma(scope: Scope, x: Numbers = CLOSE, n: Row = 10) -> Numbers:
    """Pascal's weighted moving average: the weights are the `n`-th row of Pascal's triangle, such as 1, 3, 3, 1."""
    return scope.kernel("pascal_wma", [x], [n])[0]


@window(warmup=lambda n, _: n - 1, bounded=True)
def decay_exp(scope: Scope, x: Numbers = CLOSE, n: Length = 14, factor: Share = 0.9) -> Numbers:
    """The mean of the last `n` values with weights factor ^ bars ago: an exponential average of finite reach.

    For a half-life of h bars, factor is 0.5 ^ (1 / h).
    """
    return scope.kernel("decay_exp", [x], [n, factor])[0]
