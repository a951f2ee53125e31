"""polars_talib: TA-Lib as Polars expressions; whole formulas in one window, and a window for each call."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import polars as pl
import polars_talib as ta

from bench.peers.polars import CLOSE, HIGH, LOW, MANY, ONE, VOLUME, Each, arrays, numbered, run, together, within
from bench.peers.serving import Way, serve


def scan(each: Each) -> pl.Expr:
    averages = each(ta.sma(CLOSE, 20)), each(ta.sma(VOLUME, 20))
    return (averages[0] < CLOSE) & (1.5 * averages[1] < VOLUME) & (each(ta.rsi(CLOSE, 14)) < 70)


def indicators(each: Each) -> Mapping[str, pl.Expr]:
    macd, bands = each(ta.macd(CLOSE, 12, 26, 9)), each(ta.bbands(CLOSE, 20, 2.0, 2.0))
    stochastic = each(ta.stochf(HIGH, LOW, CLOSE, 14, 3))
    return {
        **{f"sma_{n}": each(ta.sma(CLOSE, n)) for n in (10, 20, 50)},
        **{f"ema_{n}": each(ta.ema(CLOSE, n)) for n in (10, 20, 50)},
        **{f"wma_{n}": each(ta.wma(CLOSE, n)) for n in (10, 20, 50)},
        "rsi_14": each(ta.rsi(CLOSE, 14)),
        "macd": macd.struct.field("macd"),
        "macd_signal": macd.struct.field("macdsignal"),
        "macd_hist": macd.struct.field("macdhist"),
        "bbands_upper": bands.struct.field("upperband"),
        "bbands_lower": bands.struct.field("lowerband"),
        "atr_14": each(ta.atr(HIGH, LOW, CLOSE, 14)),
        "adx_14": each(ta.adx(HIGH, LOW, CLOSE, 14)),
        "stoch_k": stochastic.struct.field("fastk"),
        "stoch_d": stochastic.struct.field("fastd"),
        "obv": each(ta.obv(CLOSE, VOLUME)),
        "highest_252": each(ta.max(HIGH, 252)),
        "lowest_252": each(ta.min(LOW, 252)),
        "stdev_20": each(ta.stddev(CLOSE, 20)),
        "roc_10": each(ta.roc(CLOSE, 10)),
        "correlation_20": each(ta.correl(CLOSE, VOLUME, 20)),
    }


def ways() -> list[Way]:
    kept = "number of each symbol made beforehand"
    work: Mapping[tuple[str, str], Mapping[str, pl.Expr]] = {
        ("scan", ONE): {"match": within(scan(together))},
        ("scan", MANY): {"match": scan(within)},
        ("indicators", MANY): indicators(within),
    }
    return [
        Way(
            "polars_talib", label, workload, partial(run, expressions=each), arrays, numbered, threads=None, remark=kept
        )
        for (workload, label), each in work.items()
    ]


if __name__ == "__main__":
    serve(ways())
