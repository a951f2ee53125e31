"""pandas alone: rolling and exponential windows of a groupby. No Python code runs for each symbol."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bench.peers.serving import Candles, Columns, Way, serve


class Groups:
    """Windows within each symbol of a sorted long table; results are aligned with its rows."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self.bar = frame["bar"]

    def by_symbol(self, x: pd.Series) -> object:
        return x.groupby(self.frame["symbol"], sort=False, observed=True)

    def rolling(self, x: pd.Series, n: int, how: str, **options: object) -> pd.Series:
        found = getattr(self.by_symbol(x).rolling(n), how)(**options)
        return pd.Series(found.to_numpy(), index=x.index)

    def mean(self, x: pd.Series, n: int) -> pd.Series:
        return self.rolling(x, n, "mean")

    def shift(self, x: pd.Series, n: int = 1) -> pd.Series:
        return self.by_symbol(x).shift(n)

    def seeded(self, x: pd.Series, alpha: float, n: int, skip: int) -> pd.Series:
        """An exponential mean that starts with the simple mean of the first n values, after `skip` bars."""
        first = n - 1 + skip
        start = x.where(self.bar > first).mask(self.bar == first, self.mean(x, n))
        found = self.by_symbol(start).ewm(alpha=alpha, adjust=False, ignore_na=True).mean()
        return pd.Series(found.to_numpy(), index=x.index)

    def ema(self, x: pd.Series, n: int, skip: int = 0) -> pd.Series:
        return self.seeded(x, 2 / (n + 1), n, skip)

    def wilder(self, x: pd.Series, n: int, skip: int = 0) -> pd.Series:
        return self.seeded(x, 1 / n, n, skip)

    def weighted(self, x: pd.Series, n: int) -> pd.Series:
        """From two rolling sums, since `rolling.apply` would call Python for each bar."""
        numbered, plain = self.rolling(x * self.bar, n, "sum"), self.rolling(x, n, "sum")
        return (numbered - (self.bar - n) * plain) / (n * (n + 1) / 2)

    def correlation(self, x: pd.Series, y: pd.Series, n: int) -> pd.Series:
        """From rolling means: pandas' own `corr` of a groupby takes a Python call for each symbol."""
        together = self.mean(x * y, n) - self.mean(x, n) * self.mean(y, n)
        return together / (self.rolling(x, n, "std", ddof=0) * self.rolling(y, n, "std", ddof=0))


def rsi(groups: Groups, close: pd.Series, n: int) -> pd.Series:
    change = close - groups.shift(close)
    gain = groups.wilder(change.clip(lower=0), n, skip=1)
    loss = groups.wilder((-change).clip(lower=0), n, skip=1)
    return 100 * (gain / (gain + loss))


def true_range(groups: Groups, frame: pd.DataFrame) -> pd.Series:
    before = groups.shift(frame["close"])
    high, low = np.maximum(frame["high"], before), np.minimum(frame["low"], before)
    return (high - low).where(before.notna())


def adx(groups: Groups, frame: pd.DataFrame, n: int) -> pd.Series:
    """As TA-Lib: the first sums hold n - 1 movements and start to decay at once."""
    up = frame["high"] - groups.shift(frame["high"])
    down = groups.shift(frame["low"]) - frame["low"]
    movements = up.where((up > down) & (up > 0), 0.0), down.where((down > up) & (down > 0), 0.0)
    spread = started(groups, true_range(groups, frame), n)
    plus, minus = (started(groups, movement, n) / spread for movement in movements)
    return groups.wilder(100 * ((plus - minus).abs() / (plus + minus)), n, skip=n)


def started(groups: Groups, x: pd.Series, n: int) -> pd.Series:
    return groups.wilder(x.mask(groups.bar == 0, 0.0), n).where(groups.bar >= n)


def scan(groups: Groups) -> pd.DataFrame:
    close, volume = groups.frame["close"], groups.frame["volume"]
    matches = (close > groups.mean(close, 20)) & (volume > 1.5 * groups.mean(volume, 20))
    return pd.DataFrame({"match": matches & (rsi(groups, close, 14) < 70)})


def indicators(groups: Groups) -> pd.DataFrame:
    frame = groups.frame
    high, low, close, volume = (frame[name] for name in ("high", "low", "close", "volume"))
    line = groups.ema(close, 12, skip=14) - groups.ema(close, 26)  # as TA-Lib: both start on the same bar
    signal = groups.ema(line, 9, skip=25)
    middle, spread = groups.mean(close, 20), groups.rolling(close, 20, "std", ddof=0)
    lowest, highest = groups.rolling(low, 14, "min"), groups.rolling(high, 14, "max")
    stochastic = 100 * ((close - lowest) / (highest - lowest))
    sign = np.sign(close - groups.shift(close)).fillna(1.0)
    before = groups.shift(close, 10)
    return pd.DataFrame(
        {
            **{f"sma_{n}": groups.mean(close, n) for n in (10, 20, 50)},
            **{f"ema_{n}": groups.ema(close, n) for n in (10, 20, 50)},
            **{f"wma_{n}": groups.weighted(close, n) for n in (10, 20, 50)},
            "rsi_14": rsi(groups, close, 14),
            "macd": line,
            "macd_signal": signal,
            "macd_hist": line - signal,
            "bbands_upper": middle + 2 * spread,
            "bbands_lower": middle - 2 * spread,
            "atr_14": groups.wilder(true_range(groups, frame), 14, skip=1),
            "adx_14": adx(groups, frame, 14),
            "stoch_k": stochastic,
            "stoch_d": groups.mean(stochastic, 3),
            "obv": groups.by_symbol(sign * volume).cumsum(),
            "highest_252": groups.rolling(high, 252, "max"),
            "lowest_252": groups.rolling(low, 252, "min"),
            "stdev_20": spread,
            "roc_10": 100 * ((close - before) / before),
            "correlation_20": groups.correlation(close, volume, 20),
        }
    )


def rank(groups: Groups) -> pd.DataFrame:
    return pd.DataFrame({"rank": groups.frame.groupby("ts")["close"].rank()})


def prepared(candles: Candles) -> Groups:
    """The long table with symbols as a categorical and each bar's number."""
    frame = candles.frame.to_pandas().astype({"symbol": "category"})
    return Groups(frame.assign(bar=np.tile(np.arange(candles.bars), candles.symbols)))


def arrays(found: pd.DataFrame) -> Columns:
    return {name: found[name].to_numpy() for name in found.columns}


LABEL = "groupby, rolling and ewm"
WAYS = (
    Way("pandas", LABEL, "scan", scan, arrays, prepared, remark="stops at a mask; bar numbers made beforehand"),
    Way("pandas", LABEL, "indicators", indicators, arrays, prepared),
    Way("pandas", 'groupby("ts").rank', "rank", rank, arrays, prepared),
)

if __name__ == "__main__":
    serve(WAYS)
