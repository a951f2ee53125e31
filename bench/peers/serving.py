"""What every peer speaks: lines of JSON on standard input and output, so that the harness can go round robin.

A peer runs in an environment of its own, where barsweep is not installed. It holds its candles ready, and computes when
asked. Timing is done here, in the peer's process: the pipe costs nothing that is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal

import numpy as np
import polars as pl

Columns = Mapping[str, np.ndarray]
Workload = Literal["scan", "indicators", "alpha101", "alpha158", "rank"]
COLUMNS: Final = ("open", "high", "low", "close", "volume")
SAMPLED: Final = 50  # symbols whose indicators are written out for comparison


@dataclass(frozen=True, slots=True)
class Candles:
    """A universe in which every symbol has the same bars: row `symbol * bars + bar`."""

    frame: pl.DataFrame
    bars: int
    threads: int

    @property
    def symbols(self) -> int:
        return self.frame.height // self.bars

    def slices(self) -> dict[str, np.ndarray]:
        """Each column as [symbol, bar]: a row is one symbol's slice."""
        names = [name for name in (*COLUMNS, "vwap") if name in self.frame.columns]
        return {name: self.frame[name].to_numpy().reshape(-1, self.bars) for name in names}

    def sample(self, symbols: int | None = None) -> np.ndarray:
        """Symbols from all over the universe, always the same ones: SAMPLED of them, or the first few of these."""
        return np.arange(0, self.symbols, max(1, self.symbols // SAMPLED))[:SAMPLED][:symbols]

    def of(self, symbols: np.ndarray) -> Candles:
        """Some symbols alone."""
        rows = (symbols[:, None] * self.bars + np.arange(self.bars)).ravel()
        return Candles(self.frame[rows], self.bars, self.threads)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to compute one workload: `prepare` is not timed, `compute` is, `columns` tells what came out.

    `wide`     what came out is laid [bar, symbol] instead of one symbol after the other
    `threads`  how many it uses; None: as many as the harness grants
    `symbols`  compute so many symbols only and scale the time up, because all of them would take minutes
    `remark`   what a reader must know to judge the figure
    """

    peer: str
    label: str
    workload: Workload
    compute: Callable[[Any], Any]
    columns: Callable[[Any], Columns]
    prepare: Callable[[Candles], Any] = lambda candles: candles
    wide: bool = False
    threads: int | None = 1
    symbols: int | None = None
    remark: str = ""


class Server:
    """Answers the harness: `list`, `prepare` (and warm up, and write the result), `time`, `forget`."""

    def __init__(self, ways: Sequence[Way], candles: Candles) -> None:
        self.ways = ways
        self.candles = candles
        self.held: dict[int, Any] = {}

    def answer(self, request: Mapping[str, Any]) -> Mapping[str, object]:
        """Do what is asked; what fails is told, never swallowed."""
        try:
            return getattr(self, f"do_{request['do']}")(**{k: v for k, v in request.items() if k != "do"})
        except Exception as error:  # noqa: BLE001 - a peer's failure is a finding, to be reported with its reason
            traceback.print_exc()
            return {"error": f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"}

    def do_list(self) -> Mapping[str, object]:
        names = ("peer", "label", "workload", "symbols", "remark")
        each = [{**{name: getattr(way, name) for name in names}, "threads": self.threads(way)} for way in self.ways]
        return {"ways": each}

    def do_prepare(self, way: int, file: str) -> Mapping[str, object]:
        chosen = self.ways[way]
        candles = self.candles
        if chosen.symbols is not None:
            candles = candles.of(candles.sample(chosen.symbols))
        began = time.perf_counter()
        self.held[way] = chosen.prepare(candles)
        ready = time.perf_counter()
        output = chosen.compute(self.held[way])
        ended = time.perf_counter()
        write(file, chosen, chosen.columns(output), candles)
        compiling = getattr(self.held[way], "compile_seconds", 0.0)
        first = (ended - ready) * self.scale(chosen)
        return {"prepare": ready - began - compiling, "compile": compiling, "first": first}

    def do_time(self, way: int) -> Mapping[str, object]:
        began = time.perf_counter()
        output = self.ways[way].compute(self.held[way])
        seconds = time.perf_counter() - began
        del output  # giving memory back is not part of the figure
        return {"seconds": seconds * self.scale(self.ways[way])}

    def do_forget(self, way: int) -> Mapping[str, object]:
        self.held.pop(way, None)
        return {}

    def scale(self, way: Way) -> float:
        return self.candles.symbols / min(way.symbols or self.candles.symbols, self.candles.symbols)

    def threads(self, way: Way) -> int:
        return self.candles.threads if way.threads is None else way.threads


def write(file: str, way: Way, columns: Columns, candles: Candles) -> None:
    """Keep what is compared: of a scan the matching rows, of indicators and ranks some symbols' values."""
    long = {name: by_symbol(np.asarray(values), way.wide, candles) for name, values in columns.items()}
    if way.workload == "scan":
        np.savez(Path(file), rows=np.flatnonzero(long["match"]), bars=candles.bars)
        return
    chosen = candles.sample() if way.symbols is None else slice(None)
    np.savez(Path(file), **{name: values[chosen].astype(np.float64) for name, values in long.items()})


def by_symbol(values: np.ndarray, wide: bool, candles: Candles) -> np.ndarray:
    """Lay values [symbol, bar]."""
    return values.reshape(candles.bars, -1).T if wide else values.reshape(-1, candles.bars)


def serve(ways: Sequence[Way]) -> None:
    """Read requests until there are no more. What libraries print goes to standard error instead."""
    parser = argparse.ArgumentParser()
    parser.add_argument("candles", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    frame = pl.read_parquet(options.candles)
    bars = frame["ts"].n_unique()
    server = Server(ways, Candles(frame, bars, options.threads))
    with answers() as output:
        for line in sys.stdin:
            print(json.dumps(server.answer(json.loads(line))), file=output, flush=True)


def answers() -> IO[str]:
    """Standard output for answers alone; whatever else is written there comes out on standard error."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own
