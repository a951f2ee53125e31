"""Plain Polars: the whole formula in one `.over`, and an `.over` for each call, as most people write it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import polars as pl

from bench.peers.serving import COLUMNS, Candles, Columns, Way, serve

Each = Callable[[pl.Expr], pl.Expr]
OPEN, HIGH, LOW, CLOSE, VOLUME = (pl.col(name) for name in COLUMNS)
BAR = pl.col("bar")


def within(expression: pl.Expr) -> pl.Expr:
    """Symbol by symbol. The key is a number, which Polars groups faster than a text."""
    return expression.over("id")


def together(expression: pl.Expr) -> pl.Expr:
    """Nothing yet: the whole formula is put in one window in the end."""
    return expression


def seeded(x: pl.Expr, alpha: float, n: int, skip: int, each: Each) -> pl.Expr:
    """An exponential mean that starts with the simple mean of the first n values, after `skip` bars without one."""
    first = n - 1 + skip
    start = pl.when(first == BAR).then(each(x.rolling_mean(n))).when(first < BAR).then(x)
    return each(start.ewm_mean(alpha=alpha, adjust=False, ignore_nulls=True))


def ema(x: pl.Expr, n: int, each: Each, skip: int = 0) -> pl.Expr:
    return seeded(x, 2 / (n + 1), n, skip, each)


def wilder(x: pl.Expr, n: int, each: Each, skip: int = 0) -> pl.Expr:
    return seeded(x, 1 / n, n, skip, each)


def weighted(x: pl.Expr, n: int, each: Each) -> pl.Expr:
    return each(x.rolling_mean(n, weights=[float(at) for at in range(1, n + 1)]))


def rsi(n: int, each: Each) -> pl.Expr:
    change = each(CLOSE.diff())
    gain = wilder(change.clip(lower_bound=0), n, each, skip=1)
    loss = wilder((-change).clip(lower_bound=0), n, each, skip=1)
    return 100 * (gain / (gain + loss))


def true_range(each: Each) -> pl.Expr:
    before = each(CLOSE.shift(1))
    spread = pl.max_horizontal(HIGH - LOW, (HIGH - before).abs(), (LOW - before).abs())
    return pl.when(before.is_not_null()).then(spread)


def adx(n: int, each: Each) -> pl.Expr:
    """As TA-Lib: the first sums hold n - 1 movements and start to decay at once."""
    up, down = each(HIGH.diff()), -each(LOW.diff())
    plus = pl.when((up > down) & (up > 0)).then(up).otherwise(0.0)
    minus = pl.when((down > up) & (down > 0)).then(down).otherwise(0.0)
    spread = started(true_range(each), n, each)
    plus, minus = started(plus, n, each) / spread, started(minus, n, each) / spread
    return wilder(100 * ((plus - minus).abs() / (plus + minus)), n, each, skip=n)


def started(x: pl.Expr, n: int, each: Each) -> pl.Expr:
    """Wilder's mean of n movements of which the one before the first counts as 0; without value until bar n."""
    mean = wilder(pl.when(BAR == 0).then(0.0).otherwise(x), n, each)
    return pl.when(n <= BAR).then(mean)


def obv(each: Each) -> pl.Expr:
    sign = each(CLOSE.diff()).sign()
    return each(pl.when(BAR == 0).then(VOLUME).otherwise(sign * VOLUME).cum_sum())


def correlation(n: int, each: Each) -> pl.Expr:
    return each(pl.rolling_corr(CLOSE, VOLUME, window_size=n))


def scan(each: Each) -> pl.Expr:
    averages = each(CLOSE.rolling_mean(20)), each(VOLUME.rolling_mean(20))
    return (averages[0] < CLOSE) & (1.5 * averages[1] < VOLUME) & (rsi(14, each) < 70)


def indicators(each: Each) -> Mapping[str, pl.Expr]:
    line = ema(CLOSE, 12, each, skip=14) - ema(CLOSE, 26, each)  # as TA-Lib: the fast one starts with the slow one
    signal = ema(line, 9, each, skip=25)
    middle, spread = each(CLOSE.rolling_mean(20)), each(CLOSE.rolling_std(20, ddof=0))
    lowest, highest = each(LOW.rolling_min(14)), each(HIGH.rolling_max(14))
    stochastic = 100 * ((CLOSE - lowest) / (highest - lowest))
    return {
        **{f"sma_{n}": each(CLOSE.rolling_mean(n)) for n in (10, 20, 50)},
        **{f"ema_{n}": ema(CLOSE, n, each) for n in (10, 20, 50)},
        **{f"wma_{n}": weighted(CLOSE, n, each) for n in (10, 20, 50)},
        "rsi_14": rsi(14, each),
        "macd": line,
        "macd_signal": signal,
        "macd_hist": line - signal,
        "bbands_upper": middle + 2 * spread,
        "bbands_lower": middle - 2 * spread,
        "atr_14": wilder(true_range(each), 14, each, skip=1),
        "adx_14": adx(14, each),
        "stoch_k": stochastic,
        "stoch_d": each(stochastic.rolling_mean(3)),
        "obv": obv(each),
        "highest_252": each(HIGH.rolling_max(252)),
        "lowest_252": each(LOW.rolling_min(252)),
        "stdev_20": spread,
        "roc_10": 100 * each(CLOSE.pct_change(10)),
        "correlation_20": correlation(20, each),
    }


def numbered(candles: Candles) -> pl.DataFrame:
    """The candles with what a careful user would keep ready: a dense id for each symbol, and each bar's number."""
    rows = pl.int_range(pl.len(), dtype=pl.UInt32)
    return candles.frame.with_columns(
        id=(rows // candles.bars).set_sorted(), bar=(rows % candles.bars).cast(pl.Int32), ts=pl.col("ts").cast(pl.Int32)
    )


def run(frame: pl.DataFrame, expressions: Mapping[str, pl.Expr]) -> pl.DataFrame:
    return frame.lazy().select(**expressions).collect()


def arrays(found: pl.DataFrame) -> Columns:
    """Undefined is NaN for the comparison, and no match."""
    return {
        name: values.fill_null(value=False).to_numpy()
        if values.dtype == pl.Boolean
        else values.cast(pl.Float64).fill_null(np.nan).to_numpy()
        for name, values in zip(found.columns, found.get_columns(), strict=True)
    }


ONE, MANY = "whole formula in one over", "an over for each call"
KEPT = "stops at a mask; number of each symbol and bar made beforehand"


def ways() -> list[Way]:
    whole = {name: within(expression) for name, expression in indicators(together).items()}
    work: Mapping[tuple[str, str], Mapping[str, pl.Expr]] = {
        ("scan", ONE): {"match": within(scan(together))},
        ("scan", MANY): {"match": scan(within)},
        ("indicators", "each column in one over"): whole,
        ("indicators", MANY): indicators(within),
        ("rank", 'rank().over("ts")'): {"rank": CLOSE.rank().over("ts")},
    }
    return [
        Way("Polars", label, workload, partial(run, expressions=each), arrays, numbered, threads=None, remark=KEPT)
        for (workload, label), each in work.items()
    ]


if __name__ == "__main__":
    serve(ways())
