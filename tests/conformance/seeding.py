"""Formulas of averages and streaks with the beginnings of references."""

from __future__ import annotations


def smoothed(x: str, n: int, begin: int, weight: float | str) -> str:
    """An average of `x` begun at bar `begin` with the mean of `n` values; each further one weighs `weight`."""
    seed = f"sma({x}, {n})"
    return f"adaptive(bar_index < {begin} ? na : bar_index == {begin} ? {seed} : {x}, {weight}, {seed})"


def kept_streak() -> str:
    """A streak that an unchanged close neither ends nor makes longer."""
    side = "value_when(close != close[1], close > close[1] ? 1 : -1)"
    return f"sum_since(nz({side} != {side}[1], defined({side})), sign(close - close[1]))"


LATE_STREAK = "(bar_index == 1 ? 0 : streak(bar_index > 0 ? close : na))"
"""A streak that begins with the second change, and with 0 at the first."""

BELOW = "(100 - percent_rank(-roc(close, 1), 100))"
"""The share of changes below this one, in percent; percent_rank counts equal ones too."""


def connors(streak: str, rank: str = BELOW) -> str:
    """The Connors RSI of a streak."""
    return f"(rsi(close, 3) + rsi({streak}, 2) + {rank}) / 3"
