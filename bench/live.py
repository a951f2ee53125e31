"""What a bar costs that arrives: `python -m bench.live`. One bar of each of 2,500 symbols, 25 indicator columns.

Beside LiveScanner stand talipp, whose indicators take one value at a time, and TA-Lib, which computes anew over as many
bars as the longest window needs. Each runs in a process of its own; values are compared before times are.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from bench.environments import Environment, Ourselves, UnavailableError

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = Path(__file__).parent / "results"
COLUMNS: Final = ("open", "high", "low", "close", "volume")
BARS: Final = 600  # of history
PUSHES: Final = 200
ANEW: Final = 600  # bars that TA-Lib computes over: the longest window is 252, and its averages have to settle
SLOW: Final = 20  # pushes of what takes seconds
NAMES: Final = ("sma_20", "ema_20", "wma_20", "rsi_14", "atr_14", "roc_10")
"""Columns that all three have and that do not depend on the first bar, by which they are compared."""
WAYS: Final = {
    "barsweep": Ourselves("barsweep", "barsweep", ()),
    "talipp": Environment("talipp", "talipp", ("talipp",)),
    "talib": Environment("talib", "TA-Lib, computed anew", ("TA-Lib", "pandas")),
}
Bars = Mapping[str, np.ndarray]  # [bars, symbols]


def main() -> None:
    """Measure all ways in turn, print, and write bench/results/live.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=2500)
    parser.add_argument("--only", choices=WAYS, help="measure in this process and print JSON")
    parser.add_argument("--candles", type=Path, help="the candles, of an earlier process")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(options.only, pl.read_parquet(options.candles))))
        return
    from bench.machines import machine  # here: peers' environments have no psutil

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "candles.parquet"
        write_candles(path, options.symbols)
        where = machine()
        found = {way: in_process(way, path) for way in WAYS}
    for way, each in found.items():
        print(f"{WAYS[way].title:24s}" + told(each, found["barsweep"]))
    RESULTS.mkdir(exist_ok=True)
    kept = {
        WAYS[way].title: {key: figure for key, figure in each.items() if key != "values"} for way, each in found.items()
    }
    report = {"machine": where, "symbols": options.symbols, "ways": kept}
    (RESULTS / "live.json").write_text(json.dumps(report, indent=1), encoding="utf-8")


def write_candles(path: Path, symbols: int) -> None:
    """Candles of symbols that all have as many bars."""
    from barsweep.data import sample_candles

    sample_candles(symbols, BARS + PUSHES, defects=False).write_parquet(path)


def in_process(way: str, candles: Path) -> dict[str, Any]:
    """One way in its own environment."""
    try:
        python = WAYS[way].make()
        command = [str(python), "-m", "bench.live", "--only", way, "--candles", str(candles)]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    except (UnavailableError, subprocess.CalledProcessError) as error:
        return {"missing": str(error)}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(way: str, candles: pl.DataFrame) -> dict[str, Any]:
    """Milliseconds of each push, and the last values."""
    whole = candles.sort("symbol", "ts")
    symbols = whole["symbol"].n_unique()
    cells = {name: whole[name].to_numpy().reshape(symbols, -1).T for name in COLUMNS}
    push, count = MAKERS[way](whole, cells)
    times, values = [], None
    for bar in range(BARS, BARS + count):
        push_one = push(bar)
        began = time.perf_counter()
        made = push_one()
        times.append(1e3 * (time.perf_counter() - began))
        values = made if bar == BARS + SLOW - 1 else values
    kept = np.array(times[5:])
    quantiles = {f"p{q}": float(np.percentile(kept, q)) for q in (50, 99)}
    assert values is not None
    return {**quantiles, "best": float(kept.min()), "values": {n: [float(x) for x in values[n][:50]] for n in NAMES}}


def ours(whole: pl.DataFrame, _: Bars) -> tuple[Callable[[int], Callable[[], Any]], int]:
    """A frame of bars in, a frame of all columns out."""
    import barsweep as bs
    from bench.workloads import INDICATORS

    times = whole["ts"].unique().sort()
    scanner = bs.LiveScanner(INDICATORS, whole.filter(pl.col("ts") < times[BARS]))

    def push(bar: int) -> Callable[[], Any]:
        rows = whole.filter(pl.col("ts") == times[bar])
        return lambda: scanner.push(rows).values

    return push, PUSHES


def talipp(_: pl.DataFrame, cells: Bars) -> tuple[Callable[[int], Callable[[], Any]], int]:
    """Every indicator of every symbol is an object. It has neither highs, lows nor correlations."""
    from talipp import indicators as ta
    from talipp.ohlcv import OHLCV

    def make() -> tuple[list[Any], list[Any]]:
        closes = [kind(n) for kind in (ta.SMA, ta.EMA, ta.WMA) for n in (10, 20, 50)]
        closes += [ta.RSI(14), ta.MACD(12, 26, 9), ta.BB(20, 2), ta.StdDev(20), ta.ROC(10)]
        return closes, [ta.ATR(14), ta.ADX(14, 14), ta.Stoch(14, 3), ta.OBV()]

    symbols = cells["close"].shape[1]
    made = [make() for _ in range(symbols)]

    def add(bar: int) -> None:
        rows = zip(*(cells[name][bar].tolist() for name in COLUMNS), strict=True)
        for (closes, candles), row in zip(made, rows, strict=True):
            for each in closes:
                each.add(row[3])
            candle = OHLCV(*row)
            for each in candles:
                each.add(candle)

    for bar in range(BARS):
        add(bar)
    where = {"sma_20": (0, 1), "ema_20": (0, 4), "wma_20": (0, 7), "rsi_14": (0, 9), "roc_10": (0, 13)}
    where |= {"atr_14": (1, 0)}

    def push(bar: int) -> Callable[[], Any]:
        def run() -> Any:
            add(bar)
            return {name: [each[group][place][-1] for each in made] for name, (group, place) in where.items()}

        return run

    return push, SLOW


def anew(_: pl.DataFrame, cells: Bars) -> tuple[Callable[[int], Callable[[], Any]], int]:
    """The last bars of each symbol, once more."""
    from bench.peers.talib import NAMES as OUTPUTS
    from bench.peers.talib import indicators

    lanes = {name: np.ascontiguousarray(values.T, dtype=np.float64) for name, values in cells.items()}

    def push(bar: int) -> Callable[[], Any]:
        def run() -> Any:
            first = max(0, bar + 1 - ANEW)
            last = np.empty((len(OUTPUTS), len(lanes["close"])))
            for symbol in range(len(lanes["close"])):
                bars = {name: values[symbol, first : bar + 1] for name, values in lanes.items()}
                last[:, symbol] = [column[-1] for column in indicators(bars)]
            return dict(zip(OUTPUTS, last, strict=True))

        return run

    return push, SLOW


MAKERS: Final = {"barsweep": ours, "talipp": talipp, "talib": anew}


def told(found: Mapping[str, Any], own: Mapping[str, Any]) -> str:
    """One line of the report."""
    if "missing" in found:
        return f"not measured: {found['missing']}"
    different = [n for n in NAMES if not np.allclose(found["values"][n], own["values"][n], rtol=1e-6, equal_nan=True)]
    note = f"; differ: {', '.join(different)}" if different else ""
    line = f"median {found['p50']:10.2f} ms   p99 {found['p99']:10.2f} ms   best {found['best']:10.2f} ms"
    return f"{line}   {found['p50'] / own['p50']:8.1f} x{note}"


if __name__ == "__main__":
    sys.exit(main())
