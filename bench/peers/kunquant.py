"""KunQuant: C++ generated and compiled for these very formulas, over matrices [bar, symbol] of doubles."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial

import numpy as np
import polars as pl
from KunQuant.Driver import KunCompilerConfig
from KunQuant.jit import cfake
from KunQuant.Op import Builder, ConstantOp, Input, OpBase, Output, Rank
from KunQuant.ops import (
    Abs,
    Accumulator,
    And,
    BackRef,
    DecayLinear,
    Equals,
    ExpMovingAvg,
    Max,
    ReturnFirstValue,
    Select,
    SetAccumulator,
    WindowedAvg,
    WindowedCorrelation,
    WindowedMax,
    WindowedMin,
    WindowedStddev,
)
from KunQuant.predefined.talib import ATR, TRANGE
from KunQuant.runner import KunRunner
from KunQuant.Stage import Function

from bench.peers.kunquant_factors import INPUTS, alpha101, alpha158
from bench.peers.serving import Candles, Columns, Way, serve

Prices = Mapping[str, OpBase]
Graph = Callable[[Prices, int], Mapping[str, OpBase]]
LANES = 8  # doubles in an AVX-512 register; 4 with AVX2


@dataclass(frozen=True, slots=True)
class Compiled:
    """A library for one workload, and its input laid as the library wants it."""

    executor: KunRunner.Executor
    library: KunRunner.Library
    matrices: Mapping[str, np.ndarray]
    candles: Candles
    compile_seconds: float
    kept: dict[str, np.ndarray] = field(default_factory=dict)

    def run(self, matrices: Mapping[str, np.ndarray], **outputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        module = self.library.getModule("workload")
        return KunRunner.runGraph(self.executor, module, matrices, 0, self.candles.bars, **outputs)


# --- what the indicators are made of ---


def always() -> OpBase:
    return Equals(ConstantOp(0), ConstantOp(0))


def seeded(x: OpBase, n: int, span: int, skip: int, name: str) -> OpBase:
    """An exponential mean that starts with the simple mean of the first n values, after `skip` bars without one."""
    counted = Accumulator(x, f"count_{name}", is_whole_time_required=True)
    count = counted + 1
    total = Accumulator(x, f"total_{name}", is_whole_time_required=True)
    begun = count > skip
    summed = Select(begun, total + x, ConstantOp(0))
    value = Select(count > skip + n, x, Select(Equals(count, ConstantOp(skip + n)), summed / n, ConstantOp("nan")))
    mean = ExpMovingAvg(value, span)
    return ReturnFirstValue([mean, SetAccumulator(counted, always(), count), SetAccumulator(total, begun, summed)])


def ema(x: OpBase, n: int, name: str, skip: int = 0) -> OpBase:
    return seeded(x, n, n, skip, name)


def wilder(x: OpBase, n: int, name: str, skip: int = 0) -> OpBase:
    return seeded(x, n, 2 * n - 1, skip, name)


def rsi(close: OpBase, n: int) -> OpBase:
    change = close - BackRef(close, 1)
    gain = wilder(Max(change, ConstantOp(0)), n, "gain", skip=1)
    loss = wilder(Max(ConstantOp(0) - change, ConstantOp(0)), n, "loss", skip=1)
    return 100 * (gain / (gain + loss))


def deviation(x: OpBase, n: int) -> OpBase:
    """Of the population; KunQuant's own is of the sample."""
    return WindowedStddev(x, n) * ((n - 1) / n) ** 0.5


def adx(high: OpBase, low: OpBase, close: OpBase, n: int) -> OpBase:
    up, down = high - BackRef(high, 1), BackRef(low, 1) - low
    zero = ConstantOp(0)
    plus = Select(And(up > down, up > 0), up, zero)
    minus = Select(And(down > up, down > 0), down, zero)
    # as TA-Lib: the first sums hold n - 1 movements and start to decay at once
    spread = started(TRANGE(high, low, close), n, "range")
    plus, minus = started(plus, n, "plus") / spread, started(minus, n, "minus") / spread
    return wilder(100 * (Abs(plus - minus) / (plus + minus)), n, "adx", skip=n)


def started(x: OpBase, n: int, name: str) -> OpBase:
    """Wilder's running sum from n - 1 values on, which are followed by decay: total - total / n + x."""
    counted = Accumulator(x, f"count_{name}", is_whole_time_required=True)
    count = counted + 1
    total = Accumulator(x, f"total_{name}", is_whole_time_required=True)
    fresh = Select(count > n, total - total / n + x, Select(count > 1, total + x, ConstantOp(0)))
    kept = [SetAccumulator(counted, always(), count), SetAccumulator(total, always(), fresh)]
    return ReturnFirstValue([Select(count > n, fresh, ConstantOp("nan")), *kept])


def obv(close: OpBase, volume: OpBase) -> OpBase:
    before = BackRef(close, 1)
    total = Accumulator(close, "obv", is_whole_time_required=True)
    signed = Select(close > before, volume, Select(close < before, ConstantOp(0) - volume, ConstantOp(0)))
    fresh = total + Select(Equals(before, before), signed, volume)
    return ReturnFirstValue([fresh, SetAccumulator(total, always(), fresh)])


# --- the workloads ---


def scan(prices: Prices, _: int) -> Mapping[str, OpBase]:
    close, volume = prices["close"], prices["volume"]
    above = And(close > WindowedAvg(close, 20), volume > 1.5 * WindowedAvg(volume, 20))
    found = And(above, rsi(close, 14) < 70)
    return {"match": Select(found, ConstantOp(1), ConstantOp(0))}


def indicators(prices: Prices, _: int) -> Mapping[str, OpBase]:
    high, low, close, volume = (prices[name] for name in ("high", "low", "close", "volume"))
    line = ema(close, 12, "fast", skip=14) - ema(close, 26, "slow")  # as TA-Lib: both start on the same bar
    signal = ema(line, 9, "signal", skip=25)
    middle, spread = WindowedAvg(close, 20), deviation(close, 20)
    lowest, highest = WindowedMin(low, 14), WindowedMax(high, 14)
    stochastic = 100 * ((close - lowest) / (highest - lowest))
    before = BackRef(close, 10)
    return {
        **{f"sma_{n}": WindowedAvg(close, n) for n in (10, 20, 50)},
        **{f"ema_{n}": ema(close, n, f"ema_{n}") for n in (10, 20, 50)},
        **{f"wma_{n}": DecayLinear(close, n) for n in (10, 20, 50)},
        "rsi_14": rsi(close, 14),
        "macd": line,
        "macd_signal": signal,
        "macd_hist": line - signal,
        "bbands_upper": middle + 2 * spread,
        "bbands_lower": middle - 2 * spread,
        "atr_14": ATR(high, low, close, 14),
        "adx_14": adx(high, low, close, 14),
        "stoch_k": stochastic,
        "stoch_d": WindowedAvg(stochastic, 3),
        "obv": obv(close, volume),
        "highest_252": WindowedMax(high, 252),
        "lowest_252": WindowedMin(low, 252),
        "stdev_20": spread * 1,
        "roc_10": 100 * ((close - before) / before),
        "correlation_20": WindowedCorrelation(close, 20, volume),
    }


def rank(prices: Prices, symbols: int) -> Mapping[str, OpBase]:
    """KunQuant's rank is a share of the population, which is known when this is compiled."""
    return {"rank": Rank(prices["close"]) * symbols}


def function(graph: Graph, inputs: tuple[str, ...], symbols: int) -> Function:
    builder = Builder()
    with builder:
        columns = graph({name: Input(name) for name in inputs}, symbols)
        for name, column in columns.items():
            Output(column, name)
    return Function(builder.ops)


def compiled(candles: Candles, graph: Graph, inputs: tuple[str, ...]) -> Compiled:
    """A library, and the candles laid [bar, symbol]."""
    library, seconds = library_of(graph, inputs, candles.symbols)
    executor = KunRunner.createMultiThreadExecutor(candles.threads)
    return Compiled(executor, library, by_shape(candles, inputs), candles, seconds)


@cache
def library_of(graph: Graph, inputs: tuple[str, ...], symbols: int) -> tuple[KunRunner.Library, float]:
    """Generate, compile with g++ -O3 -march=native, and load; with the seconds that it took, once for all ways."""
    made = function(graph, inputs, symbols)
    config = KunCompilerConfig(
        dtype="double", blocking_len=LANES, input_layout="TS", output_layout="TS", split_source=8, partition_factor=10
    )
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        library = cfake.compileit([("workload", made, config)], "workload", cfake.CppCompilerConfig(), tempdir=folder)
    return library, time.perf_counter() - began


def by_shape(candles: Candles, inputs: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The cheapest packing: right only because every symbol has the very same bars."""
    return {name: candles.frame[name].to_numpy().reshape(-1, candles.bars).T.copy() for name in inputs}


def by_place(candles: Candles, inputs: tuple[str, ...]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Packing that is right for any table of days sorted by symbol: each row is put at its ts and symbol."""
    symbol = candles.frame.select(pl.col("symbol").rle_id()).to_series().to_numpy()
    day = candles.frame["ts"].to_physical().to_numpy()
    day = day - day.min()
    traded = np.zeros(int(day.max()) + 1, dtype=np.bool_)
    traded[day] = True
    ts = (np.cumsum(traded) - 1)[day]
    shape = (int(ts.max()) + 1, int(symbol.max()) + 1)
    flat = ts * shape[1] + symbol
    packed = {}
    for name in inputs:
        packed[name] = np.full(shape, np.nan)
        packed[name].ravel()[flat] = candles.frame[name].to_numpy()
    return packed, flat


def compute_only(held: Compiled) -> Mapping[str, np.ndarray]:
    return held.run(held.matrices)


def into_kept(held: Compiled) -> Mapping[str, np.ndarray]:
    """Into the arrays of the first run, which spares the system handing out fresh memory."""
    if not held.kept:
        held.kept.update(held.run(held.matrices))
    return held.run(held.matrices, outputs=held.kept)


def from_table(held: Compiled) -> Mapping[str, np.ndarray]:
    """Pack, compute, and bring every column back into the table's order."""
    packed, flat = by_place(held.candles, tuple(held.matrices))
    return {name: matrix.ravel()[flat] for name, matrix in held.run(packed).items()}


def from_even_table(held: Compiled) -> Mapping[str, np.ndarray]:
    """The same with the cheapest packing."""
    found = held.run(by_shape(held.candles, tuple(held.matrices)))
    return {name: matrix.T.reshape(-1) for name, matrix in found.items()}


def as_mask(found: Mapping[str, np.ndarray]) -> Columns:
    return {"match": found["match"] == 1}


def ways() -> list[Way]:
    """Each workload computed only, and from the long table."""
    prices = ("high", "low", "close", "volume")
    ready = "matrices [bar, symbol] packed and C++ compiled beforehand"
    graphs = {
        "scan": (scan, ("close", "volume"), as_mask),
        "indicators": (indicators, prices, dict),
        "alpha101": (alpha101, INPUTS, dict),
        "alpha158": (alpha158, INPUTS, dict),
        "rank": (rank, ("close",), dict),
    }
    found = []
    for workload, (graph, inputs, columns) in graphs.items():
        make = partial(compiled, graph=graph, inputs=inputs)
        kinds = (
            ("compute only", compute_only, True, ready),
            ("compute only, arrays reused", into_kept, True, f"{ready}; results overwrite those of the run before"),
            (
                "from the long table",
                from_table,
                False,
                "packed row by row at its ts and symbol; C++ compiled beforehand",
            ),
            (
                "from an even long table",
                from_even_table,
                False,
                "packed by transposing, which needs equal dates everywhere",
            ),
        )
        for label, compute, wide, remark in kinds:
            found.append(Way("KunQuant f64", label, workload, compute, columns, make, wide, None, None, remark))
    return found


if __name__ == "__main__":
    serve(ways())
