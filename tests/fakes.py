"""Candles, repositories and formula services that misbehave on demand, for the tests of the engine."""

import threading
import time
from datetime import date, timedelta

import numpy as np
import polars as pl

from barsweep.data import FrameRepository


def candles(closes, first=date(2024, 1, 1)):
    """{symbol: closes} -> a daily candle frame; a symbol's bars all end on the same day."""
    longest = max(map(len, closes.values()), default=0)
    frames = [
        pl.DataFrame(
            {
                "symbol": pl.Series([symbol] * len(values), dtype=pl.String),
                "ts": [first + timedelta(days=longest - len(values) + day) for day in range(len(values))],
                **{name: pl.Series(values, dtype=pl.Float64) for name in ("open", "high", "low", "close")},
                "volume": pl.Series([100.0] * len(values), dtype=pl.Float64),
            }
        )
        for symbol, values in closes.items()
    ]
    return pl.concat(frames)


def names(count):
    """S000, S001, ..."""
    return [f"S{number:03d}" for number in range(count)]


def rising(count, bars=5):
    """So many symbols whose close rises every bar."""
    return candles({name: [float(bar + 1) for bar in range(bars)] for name in names(count)})


def universe(count, bars=12, seed=5):
    """Random walks, each of which has its own first day."""
    steps = np.random.default_rng(seed).normal(0, 0.02, (count, bars))
    closes = (40 * np.exp(steps.cumsum(axis=1))).tolist()
    frame = candles(dict(zip((f"S{number:04d}" for number in range(count)), closes, strict=True)))
    return frame.with_columns(high=pl.col("close") * 1.01, low=pl.col("close") * 0.99)


class Watched:
    """A repository that records what it is asked, and calls `on_load(symbols)` first, which may raise or wait."""

    def __init__(self, frame, on_load=None, **options):
        self.inner = FrameRepository(frame, **options)
        self.on_load = on_load
        self.asked = []

    def load(self, symbols, timeframe, start, end, columns, before=0):
        which = None if symbols is None else tuple(symbols)
        self.asked.append({"symbols": which, "start": start, "end": end, "columns": tuple(columns), "before": before})
        if self.on_load is not None:
            self.on_load(which)
        return self.inner.load(symbols, timeframe, start, end, columns, before)

    def symbols(self, timeframe):
        return self.inner.symbols(timeframe)

    def span(self, timeframe):
        return self.inner.span(timeframe)

    def columns(self, timeframe):
        return self.inner.columns(timeframe)

    def rows(self, timeframe):
        return self.inner.rows(timeframe)

    def health(self):
        self.inner.health()


class Service:
    """A formula service with `evaluate` alone: true where the close is above the one before."""

    def __init__(self, broken=(), slow=(), seconds=30.0):
        self.broken, self.slow, self.seconds = frozenset(broken), frozenset(slow), seconds
        self.called = []
        self.lock = threading.Lock()

    def evaluate(self, formula, frame, parameters):
        symbol = frame["symbol"][0]
        with self.lock:
            self.called.append((formula, symbol, frame.height, parameters))
        if symbol in self.broken:
            raise ValueError(f"{symbol} is broken")
        if symbol in self.slow:
            time.sleep(self.seconds)
        return frame["close"] > frame["close"].shift(1)
