"""What a soak runs and what goes wrong in it: formulas, faults, cancels, and who has them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from barsweep import FormulaService, RepositoryError, function

FORMULAS = {
    "scan": "close > sma(close, 20) and volume > 1.2 * sma(volume, 20) and rsi(close, 14) < 70",
    "averages": {"up": "crosses_above(ema(close, 5), ema(close, 15))", "down": "close < wma(close, 9)"},
    "ranking": "place = rank(roc(close, 5))\nplace > 20",
    "rankings": "sma(rank(close - sma(close, 3), percent=true), 3) > 0.7",
    "function": "level = wobbly(close)\nlevel > sma(level, 10)",
    "ranked function": "rank(wobbly(close)) > 15",
    "other symbol": 'roc(close, 5) > symbol("{other}", roc(close, 5))',
    "weeks": 'close > timeframe("1w", sma(close, 3))',
    "sweep": "param n = 5 in 2..50\nclose > sma(close, n)",
    "nothing": None,
}
FAULTS = ("none", "none", "refuses", "passing", "every third", "strange", "hangs", "function raises", "function hangs")
CANCELS = ("none", "none", "none", "engine", "job", "callback", "task")
KINDS = {
    "refuses": {"repository"},
    "every third": {"repository"},
    "strange": {"evaluation"},
    "hangs": {"timeout"},
    "function raises": {"evaluation"},
    "function hangs": {"timeout"},
}
HANG: Final = 3.0  # timeouts that something lasts that hangs


@dataclass
class Mood:
    """What goes wrong in a job at this moment, for the thread that asks."""

    fault: str = "none"
    culprits: frozenset[str] = frozenset()
    calls: int = 0
    lasting: float = 0.0  # seconds that something takes that hangs


class Moody:
    """A repository that misbehaves as the job's mood says."""

    def __init__(self, inner, mood):
        self.inner, self.mood = inner, mood

    def load(self, symbols, timeframe, start, end, columns, before=0):
        mood, hit = self.mood, self.mood.culprits.intersection(symbols)
        mood.calls += 1
        if mood.fault == "refuses" and hit:
            raise RepositoryError("refused")
        if mood.fault == "passing" and mood.calls % 4 == 1:
            raise ConnectionError("reset")
        if mood.fault == "every third" and mood.calls % 3 == 0:
            raise RepositoryError("every third")
        if mood.fault == "strange" and hit:
            raise ZeroDivisionError("strange")
        if mood.fault == "hangs" and hit:
            time.sleep(mood.lasting)
        return self.inner.load(symbols, timeframe, start, end, columns, before)

    def __getattr__(self, name):
        if name == "load_checked":  # what is checked inside is not seen here
            raise AttributeError(name)
        return getattr(self.inner, name)


def service_of(frame, mood):
    """A service with a function that is wobbly in the mood for it; culprits are known by their first close."""
    closes = dict(frame.group_by("symbol", maintain_order=True).agg(pl.col("close").first()).iter_rows())

    @function()
    def wobbly(close: np.ndarray) -> np.ndarray:
        """The close; raises or hangs for the culprits."""
        if mood.fault.startswith("function") and close[0] in {closes[name] for name in mood.culprits}:
            if mood.fault == "function raises":
                raise ValueError("wobbly")
            time.sleep(mood.lasting)
        return close

    return FormulaService(functions=[wobbly])
