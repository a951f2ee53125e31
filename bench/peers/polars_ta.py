"""polars_ta with expr_codegen: formulas as Python text, from which layered Polars code is generated once and kept."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import partial

import polars as pl
from expr_codegen import codegen_exec
from loguru import logger

from bench.peers import polars
from bench.peers.serving import COLUMNS, Candles, Columns, Way, serve

SCAN = """
match = (CLOSE > ts_mean(CLOSE, 20)) & (VOLUME > 1.5 * ts_mean(VOLUME, 20)) & (100 * ts_RSI(CLOSE, 14) < 70)
"""
AVERAGES = "\n".join(
    f"{name}_{n} = {function}(CLOSE, {n})"
    for name, function in (("sma", "ts_mean"), ("ema", "ts_EMA"), ("wma", "ts_WMA"))
    for n in (10, 20, 50)
)
INDICATORS = f"""
{AVERAGES}
rsi_14 = 100 * ts_RSI(CLOSE, 14)
macd = ts_EMA(CLOSE, 12) - ts_EMA(CLOSE, 26)
macd_signal = ts_EMA(macd, 9)
macd_hist = macd - macd_signal
stdev_20 = ts_std_dev(CLOSE, 20)
bbands_upper = sma_20 + 2 * stdev_20
bbands_lower = sma_20 - 2 * stdev_20
_range = ts_TRANGE(HIGH, LOW, CLOSE)
atr_14 = ts_RMA(_range, 14)
_up = ts_delta(HIGH, 1)
_down = -ts_delta(LOW, 1)
_plus = ts_RMA(if_else((_up > _down) & (_up > 0), _up, 0), 14) / atr_14
_minus = ts_RMA(if_else((_down > _up) & (_down > 0), _down, 0), 14) / atr_14
adx_14 = ts_RMA(100 * abs_(_plus - _minus) / (_plus + _minus), 14)
stoch_k = 100 * (CLOSE - ts_min(LOW, 14)) / (ts_max(HIGH, 14) - ts_min(LOW, 14))
stoch_d = ts_mean(stoch_k, 3)
obv = ts_OBV(CLOSE, VOLUME)
highest_252 = ts_max(HIGH, 252)
lowest_252 = ts_min(LOW, 252)
roc_10 = ts_ROC(CLOSE, 10)
correlation_20 = ts_corr(CLOSE, VOLUME, 20)
"""
RANK = "rank = cs_rank(CLOSE, False)"
Main = Callable[[pl.DataFrame, int], pl.DataFrame]


def generated(source: str) -> Main:
    """The code that expr_codegen writes for the formulas, as a function."""
    written = io.StringIO()
    codegen_exec(None, source, over_null=None, output_file=written)
    module: dict[str, Main] = {}
    exec(compile(written.getvalue(), "generated", "exec"), module)
    return module["main"]


def named(candles: Candles) -> pl.DataFrame:
    """The columns as its examples call them; a number for each symbol, which Polars groups fastest."""
    id = pl.int_range(pl.len(), dtype=pl.UInt32) // candles.bars
    prices = {name.upper(): pl.col(name) for name in COLUMNS}
    return candles.frame.select(asset=id.set_sorted(), date=pl.col("ts"), **prices)


def run(frame: pl.DataFrame, main: Main) -> pl.DataFrame:
    found = main(frame, 0)
    return found.drop(*(name.upper() for name in COLUMNS))


def arrays(found: pl.DataFrame) -> Columns:
    """In the candles' order, which ranking across symbols leaves."""
    return polars.arrays(found.sort("asset", "date").drop("asset", "date"))


def ways() -> list[Way]:
    logger.remove()
    remark = "Python code generated beforehand; it sorts by symbol and ts each time"
    work: Mapping[str, str] = {"scan": SCAN, "indicators": INDICATORS, "rank": RANK}
    found = []
    for workload, source in work.items():
        compute = partial(run, main=generated(source))
        label = "polars_ta and expr_codegen"
        found.append(Way("polars_ta", label, workload, compute, arrays, named, threads=None, remark=remark))
    return found


if __name__ == "__main__":
    serve(ways())
