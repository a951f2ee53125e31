"""Made-up candles that look like real ones: the same for the same seed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..errors import RepositoryError
from .candles import starts_of
from .options import shown
from .timeframes import DAY, Timeframe

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Whole = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Mask = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

LETTERS: Final = 26
TICKERS: Final = LETTERS**4
STRIDE: Final = 175_753  # no common factor with 26: walks through all tickers before one comes again
MINUTES_IN_SESSION: Final = 390


def sample_symbols(n: int) -> list[str]:
    """Make `n` different tickers of four letters, sorted (at most 26 ** 4).

    >>> sample_symbols(3)
    ['AAAA', 'JZZT', 'TZZM']
    """
    if not isinstance(n, int) or not 0 <= n <= TICKERS:
        raise RepositoryError(f"{shown(n)} sample symbols: a whole number is needed, at most {TICKERS}")
    return sorted(ticker(index * STRIDE % TICKERS) for index in range(n))


def ticker(number: int) -> str:
    """Write a number below 26 ** 4 in letters."""
    return "".join(chr(65 + number // LETTERS**place % LETTERS) for place in (3, 2, 1, 0))


def sample_candles(
    symbols: int = 2500,
    bars: int = 2520,
    seed: int = 7,
    *,
    timeframe: str = "1d",
    start: dt.date = dt.date(2015, 1, 2),
    defects: bool = True,
) -> pl.DataFrame:
    """Make candles: symbol, ts, open, high, low, close, volume.

    ts is a date, or for bars shorter than a day a UTC timestamp within a session from 14:30.

    Prices follow a common market and their own ways, with calm and restless times; volume rises with the moves. With
    `defects`, as in real data: late listings, delistings, holes, unadjusted splits, bars without volume, and a few
    symbols that are broken (duplicate rows, high below low, missing and zero prices). Without, every symbol has
    `bars` clean bars.

    >>> sample_candles(symbols=2, bars=3, defects=False).shape
    (6, 7)
    """
    names = sample_symbols(symbols)
    random = np.random.default_rng(seed)
    ts = session_starts(bars, Timeframe.parse(timeframe), start)
    columns = Market(random, symbols, bars, Timeframe.parse(timeframe)).candles()
    exists: NDArray[np.bool_] = np.ones((symbols, bars), dtype=np.bool_)
    if defects and symbols and bars:
        columns, exists = wear(columns, random)
    kept = np.count_nonzero(exists, axis=1)
    keys = {
        "symbol": pl.Series(names, dtype=pl.String).gather(np.repeat(np.arange(symbols), kept)),
        "ts": ts.gather(np.broadcast_to(np.arange(bars), exists.shape)[exists]),
    }
    frame = pl.DataFrame({**keys, **{name: values[exists] for name, values in columns.items()}})
    return break_some(frame, random) if defects and frame.height else frame


def session_starts(bars: int, timeframe: Timeframe, start: dt.date) -> pl.Series:
    """The ts of the bars: weekdays, or for shorter bars the minutes of sessions on weekdays."""
    if not timeframe.intraday:
        step = "1d" if timeframe.text == "1d" else timeframe.text
        days = pl.date_range(
            start, start + dt.timedelta(days=int(bars * timeframe.seconds / DAY * 1.5) + 40), step, eager=True
        )
        open_days = days.filter(days.dt.weekday() <= 5) if step == "1d" else days
        return open_days.head(bars)
    minutes = max(1, int(timeframe.seconds // 60))
    a_day = max(1, MINUTES_IN_SESSION // minutes)
    days = session_starts(-(-bars // a_day), Timeframe(1, "d"), start)
    opening = days.cast(pl.Datetime("us")) + dt.timedelta(hours=14, minutes=30)
    row = np.arange(bars)
    offsets = pl.Series(row % a_day * minutes * 60_000_000).cast(pl.Duration("us"))
    return (opening.gather(row // a_day) + offsets).dt.replace_time_zone("UTC")


class Market:
    """Random prices of many symbols, as matrices [symbol, bar]."""

    def __init__(self, random: np.random.Generator, symbols: int, bars: int, timeframe: Timeframe) -> None:
        self.random = random
        self.shape = (symbols, bars)
        scale = np.sqrt(min(timeframe.seconds / DAY, 30.0))
        self.volatility: Floats = random.lognormal(-3.9, 0.45, (symbols, 1)) * scale
        self.first_price: Floats = random.lognormal(3.6, 1.0, (symbols, 1))
        self.turnover: Floats = random.lognormal(13.0, 1.6, (symbols, 1))

    def candles(self) -> dict[str, Floats]:
        """Open, high, low, close, volume."""
        bars = self.shape[1]
        common = self.random.standard_normal(bars) * np.exp(np.cumsum(self.random.standard_normal(bars)) * 0.02)
        own = self.random.standard_normal(self.shape)
        moves = (0.55 * np.clip(common, -6, 6) + 0.85 * own) * self.volatility
        close = self.first_price * np.exp(np.clip(np.cumsum(moves, axis=1), -4.5, 6.0))
        gap = np.exp(self.random.standard_normal(self.shape) * self.volatility * 0.3)
        opening = np.concatenate([close[:, :1], close[:, :-1]], axis=1) * gap
        wick = self.random.random(self.shape) * self.volatility * 0.8
        high = np.maximum(opening, close) * (1 + wick)
        low = np.minimum(opening, close) * (1 - np.minimum(wick[:, ::-1], 0.5))
        restless = np.exp(np.abs(own) * 0.5 + self.random.standard_normal(self.shape) * 0.35)
        prices = {"open": opening, "high": high, "low": low, "close": close}
        rounded = {name: np.maximum(np.round(values, 2), 0.01) for name, values in prices.items()}
        return {**rounded, "volume": np.round(self.turnover / self.first_price * restless)}


def wear(columns: Mapping[str, Floats], random: np.random.Generator) -> tuple[dict[str, Floats], Mask]:
    """What happens to real listings, in some symbols each: splits, bars without volume, bars that do not exist."""
    symbols, bars = columns["close"].shape
    bar = np.arange(bars)

    def somewhere(share: float, otherwise: int) -> Whole:
        """A bar for that share of the symbols."""
        return np.where(random.random(symbols) < share, random.integers(0, bars, symbols), otherwise)[:, None]

    listed, delisted = somewhere(0.2, 0), somewhere(0.06, bars)
    hole, split = somewhere(0.1, bars), somewhere(0.08, bars)
    width = random.integers(3, 130, symbols)[:, None]
    ratio = random.choice([2.0, 3.0, 4.0, 0.1], symbols)
    thin = np.where(random.random(symbols) < 0.03, 0.3, 0.0002)[:, None]
    for row in np.flatnonzero(split < bars):  # few enough for a loop
        first = split[row, 0]
        for name in ("open", "high", "low", "close"):
            columns[name][row, first:] = np.maximum(np.round(columns[name][row, first:] / ratio[row], 2), 0.01)
        columns["volume"][row, first:] = np.round(columns["volume"][row, first:] * ratio[row])
    columns["volume"][random.random((symbols, bars), dtype=np.float32) < thin] = 0.0
    exists = (bar >= listed) & (bar <= np.maximum(delisted, listed + 5))
    return dict(columns), exists & ~((bar >= hole) & (bar < hole + width))


def break_some(frame: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """Break a few symbols, at least one in each of four ways where there are as many: see `broken`."""
    starts = starts_of(frame["symbol"])
    count = starts.size - 1
    chosen = sorted(random.choice(count, min(count, 4 * max(1, count // 2000)), replace=False).tolist())
    pieces, row = [], 0
    for number, symbol in enumerate(chosen):
        first, behind = int(starts[symbol]), int(starts[symbol + 1])
        pieces += [frame.slice(row, first - row), broken(frame.slice(first, behind - first), number % 4)]
        row = behind
    return pl.concat([*pieces, frame.slice(row)], rechunk=True)


def broken(bars: pl.DataFrame, way: int) -> pl.DataFrame:
    """The bars of one symbol with a fault every hundred bars: duplicates, high below low, open zero, close missing."""
    hit = pl.int_range(pl.len()) % 101 == 3
    match way:
        case 0:
            return pl.concat([bars, bars.filter(hit)]).sort("ts", maintain_order=True)
        case 1:
            return bars.with_columns(high=pl.when(hit).then(pl.col("low") * 0.9).otherwise(pl.col("high")))
        case 2:
            return bars.with_columns(open=pl.when(hit).then(0.0).otherwise(pl.col("open")))
        case _:
            return bars.with_columns(close=pl.when(~hit).then(pl.col("close")))
