"""barsweep and its peers side by side: `make bench-peers`, or `python -m bench.side_by_side --symbols 100`.

1. an environment for each peer                                    environments.py
2. candles, written once                                           here
3. for each workload: every peer prepares, computes, writes        peers/
   its results are compared with ours, before any time is shown    comparing.py, differences.py
   then all compute in turn, A B C A B C, so that ratios hold on   here
   a machine that is now faster, now slower
4. what was found, as JSON; tables, pages and charts from it       bench/results/peers.json, report.py
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from rich.console import Console

from barsweep import evaluate
from barsweep.data import sample_candles
from bench.comparing import Verdict, compare_columns, compare_rows
from bench.differences import exceptions, first_bars, of, tolerances
from bench.environments import ENVIRONMENTS, Environment, UnavailableError
from bench.machines import machine
from bench.peer_processes import PeerProcess
from bench.tables import peers_table
from bench.workloads import FACTORS, MARGINS, NUMBERS, missing

RESULTS: Final = Path(__file__).parent / "results"
REFERENCE: Final = "barsweep"
LAST_BIT: Final = 1e-9
FAST: Final = 2.0  # seconds of a run that is made twice when its turn comes
CONSOLE: Final = Console(width=None if Console().is_terminal else 150)


@dataclass
class Line:
    """One way of one peer to compute one workload, and what became of it."""

    process: PeerProcess
    number: int
    way: Mapping[str, Any]
    file: Path
    first: Mapping[str, Any] = field(default_factory=dict)
    verdict: Verdict | None = None
    error: str = ""
    times: list[float] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.way['peer']}, {self.way['label']}"

    @property
    def measured(self) -> bool:
        return not self.error and self.verdict is not None and self.verdict.same

    def prepare(self) -> None:
        answer = self.process.ask("prepare", way=self.number, file=str(self.file))
        self.error, self.first = answer.get("error", ""), answer

    def time(self, budget: float) -> None:
        """Once more, unless this line has had its share of everybody's patience: of the slowest the first run."""
        if self.measured and not self.times and self.first["first"] > budget:
            self.times.append(self.first["first"])
        elif self.measured and (not self.times or sum(self.times) + self.times[-1] <= budget):
            if not self.times or self.times[-1] < FAST:
                self.process.ask("time", way=self.number)  # while others ran, the memory that it needs went to them
            self.times.append(self.process.ask("time", way=self.number)["seconds"])

    def found(self) -> dict[str, Any]:
        """For the results file."""
        shown = {name: self.first.get(name) for name in ("prepare", "compile", "first")}
        seconds = {"seconds": statistics.median(self.times), "best": min(self.times)} if self.times else {}
        verdict = {name: getattr(self.verdict, name) for name in Verdict.__slots__} if self.verdict else {}
        return {**self.way, **shown, **seconds, "times": self.times, "verdict": verdict, "error": self.error}


def main() -> None:
    """Run everybody, show the tables, write the results; exit code 1 if results differ beyond what is known."""
    options = arguments()
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        found = run(Path(folder), options)
    (RESULTS / "peers.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    if faults := [each for each in found["lines"] if each["verdict"].get("faults")]:
        raise SystemExit(f"{len(faults)} lines have other results than barsweep")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, default=2500)
    parser.add_argument("--bars", type=int, default=2520)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2, help="for each peer that can use them")
    parser.add_argument("--budget", type=float, default=40.0, help="seconds after which a slow line sits out")
    parser.add_argument("--peers", nargs="+", default=[each.name for each in ENVIRONMENTS])
    parser.add_argument("--only", nargs="+", default=list(NUMBERS), choices=list(NUMBERS), help="these workloads")
    parser.add_argument("--factor-symbols", type=int, default=100, help="symbols of the libraries of factors")
    return parser.parse_args()


def run(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All workloads: those over the whole universe, then those over a few symbols."""
    facts = machine()
    workloads = runnable(options.only)
    lines: list[Line] = []
    unavailable: dict[str, str] = {}
    versions: dict[str, Mapping[str, str]] = {}
    if several := [each for each in workloads if each not in FACTORS]:
        candles = folder / "candles.parquet"
        sample_candles(options.symbols, options.bars, defects=False).write_parquet(candles)
        lines += over(candles, several, options, unavailable, versions)
    if several := [each for each in workloads if each in FACTORS]:
        candles = folder / "factor_candles.parquet"
        factor_candles(options.factor_symbols, options.bars).write_parquet(candles)
        lines += over(candles, several, options, unavailable, versions)
    return {
        "machine": facts,
        "symbols": options.symbols,
        "factor_symbols": options.factor_symbols,
        "bars": options.bars,
        "rounds": options.rounds,
        "threads": options.threads,
        "lines": [line.found() for line in lines],
        "unavailable": unavailable,
        "versions": versions,
    }


def runnable(numbers: Sequence[str]) -> list[str]:
    """The workloads of these numbers; those that cannot run here are named."""
    for number in numbers:
        if reason := missing(NUMBERS[number]):
            CONSOLE.print(f"{number} is left out: {reason}", style="yellow")
    return [NUMBERS[number] for number in numbers if not missing(NUMBERS[number])]


def factor_candles(symbols: int, bars: int) -> pl.DataFrame:
    """Candles, with what libraries of factors read besides: an average price, a capitalisation and industries."""
    number = pl.col("symbol").rank("dense").cast(pl.Int64)
    groups = {"sector": 5, "industry": 12, "subindustry": 20}
    return sample_candles(symbols, bars, defects=False).with_columns(
        vwap=(pl.col("high") + pl.col("low") + pl.col("close")) / 3,
        cap=pl.col("close") * 1e6,
        **{name: (number % many).cast(pl.String) for name, many in groups.items()},
    )


def over(
    candles: Path,
    workloads: Sequence[str],
    options: argparse.Namespace,
    unavailable: dict[str, str],
    versions: dict[str, Mapping[str, str]],
) -> list[Line]:
    """Workloads over the same candles, one after the other, with all peers' processes alive."""
    chosen = [each for each in ENVIRONMENTS if each.name in {*options.peers, REFERENCE}]
    lines: list[Line] = []
    with ExitStack() as stack:
        processes, reasons = started(chosen, candles, options.threads, stack)
        for workload in workloads:
            current = prepared(processes, workload, candles)
            for _ in range(options.rounds):
                for line in current:
                    line.time(options.budget)
            for line in current:
                line.process.ask("forget", way=line.number)
            lines += current
            CONSOLE.print(peers_table([line.found() for line in current], workload))
        versions |= {each.environment.title: each.environment.versions() for each in processes}
    unavailable |= reasons
    return lines


def started(
    chosen: Sequence[Environment], candles: Path, threads: int, stack: ExitStack
) -> tuple[list[PeerProcess], dict[str, str]]:
    """The peers that run here, and why the others do not."""
    processes, unavailable = [], {}
    for environment in chosen:
        CONSOLE.print(f"[dim]{environment.title}[/dim]")
        try:
            log = RESULTS / f"{environment.name}.log"
            process = stack.enter_context(PeerProcess(environment, candles, threads, log))
            process.ask("list")
            processes.append(process)
        except UnavailableError as error:
            unavailable[environment.title] = str(error)
            CONSOLE.print(f"{environment.title}: {error}", style="yellow")
    return processes, unavailable


def prepared(processes: Sequence[PeerProcess], workload: str, candles: Path) -> list[Line]:
    """Every way that serves the workload, warmed up, with its results compared."""
    current = list(lines_of(processes, workload, candles.parent))
    for line in current:
        CONSOLE.print(f"[dim]{workload}: {line.name}[/dim]")
        line.prepare()
    ours = next(line for line in reversed(current) if line.way["peer"] == REFERENCE and not line.error)
    for line in current:
        if not line.error:
            line.verdict = compared(workload, ours.file, line, candles)
    return current


def lines_of(processes: Sequence[PeerProcess], workload: str, folder: Path) -> Iterator[Line]:
    for process in processes:
        for number, way in enumerate(process.ask("list")["ways"]):
            if way["workload"] == workload:
                file = folder / f"{process.environment.name}_{number}.npz"
                yield Line(process, number, way, file)


def compared(workload: str, ours: Path, line: Line, candles: Path) -> Verdict:
    """Our results against one line's."""
    known = of(line.way["peer"])
    if workload == "scan":
        return compare_rows(ours, line.file, lambda: close_calls(candles), first_bars(known).get("match", 0))
    return compare_columns(ours, line.file, first_bars(known), tolerances(known), exceptions(known))


@cache
def close_calls(candles: Path) -> np.ndarray:
    """Rows at which one of the scan's comparisons is as good as a tie, with the number of bars of a symbol."""
    margins = evaluate(dict(MARGINS), pl.read_parquet(candles))
    near = margins.select(pl.any_horizontal(pl.col(name).abs() < LAST_BIT for name in MARGINS).fill_null(value=False))
    return near.to_series().arg_true().to_numpy()


if __name__ == "__main__":
    main()
