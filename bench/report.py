"""The page docs/performance.md and its charts, from what the harness has measured: `python -m bench.report`."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench import charts
from bench.differences import DIFFERENCES
from bench.tables import HEADINGS, TITLES, markdown, reference, rows, scattered
from bench.workloads import INDICATORS, SCAN

RESULTS: Final = Path(__file__).parent / "results"
PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"
GIBIBYTE: Final = 2**30
Found = Mapping[str, Any]

INTRODUCTION: Final = f"""# Performance

Written by `make bench-peers` and `make bench` (`bench/report.py`); do not edit by hand.

Everybody computes the same things over the same candles, made by `sample_candles`, read from the same Parquet file and
held in memory in the form that each likes best:

- **W1**, one scan: `{SCAN}`
- **W2**, {len(INDICATORS)} columns, all delivered: sma, ema, wma(close; 10, 20, 50), rsi 14, macd(12, 26, 9) with
  signal and histogram, bbands(20, 2) upper and lower, atr 14, adx 14, stoch(14, 3) k and d, obv, highest and lowest
  252, stdev 20, roc 10, correlation(close, volume, 20)
- **W3**, the 101 Formulaic Alphas and **W4**, the 158 columns of Qlib's Alpha158, as published, all columns delivered
- **W5**, `rank(close)` across all symbols at every ts, equal prices sharing their mean rank

Each peer runs in an environment of its own and in a process of its own. All are kept alive and take turns, one run
each, round after round, so that a moment at which the machine is slow is shared by all. What is shown is the median
and the best of the warm rounds, in seconds and in units of ours with tiles; preparing what a remark calls
"beforehand" is not in it, and neither is the first run, which compiles, unless it took longer than a peer is given
for all of its runs. A peer that takes less than 2 seconds runs twice when its turn comes, and the second run counts:
the first one finds its memory gone to others, or back to the host of a virtual machine. Before anything is timed,
results are compared with ours: of W1 the matching rows, of the others all bars of 50 symbols, to 1e-9 of the value
or, where values are near zero, of the column's median. A match counts as a tie where one of the three comparisons is
decided by less than 1e-9: there the last bit decides, and everybody rounds differently.

barsweep goes from the long table to its answer: the frame of matches with the values of their indicators, or the frame
of all columns. Peers stop at a mask or at arrays, which is less.
"""


def main() -> None:
    """Write the page from the results that are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, default=PAGE)
    page: Path = parser.parse_args().write
    found = {name: load(name) for name in ("peers", "growing", "threads", "scan_scaling", "starting", "live")}
    makers = {
        "peers": peers,
        "threads": threads,
        "growing": growing,
        "scan_scaling": sizes,
        "starting": starting,
        "live": live,
    }
    parts = [make(found[name], page) for name, make in makers.items() if found[name]]
    page.write_text("\n".join([INTRODUCTION, *parts]), encoding="utf-8")


def load(name: str) -> Found:
    """What was measured under a name, or nothing."""
    file = RESULTS / f"{name}.json"
    found: Found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


def machine_line(machine: Found) -> str:
    versions = ", ".join(f"{name} {machine[name]}" for name in ("barsweep", "polars", "duckdb", "llvmlite", "numpy"))
    memory = f"{machine['memory'] / GIBIBYTE:.0f} GiB"
    when = str(machine["when"])[:10]
    return (
        f"{when}, {machine['cores']} cores of {machine['processor']}, {memory}, Python {machine['python']}, {versions}."
    )


def peers(found: Found, page: Path) -> str:
    """Tables, differences, remarks, who is missing."""
    chart = page.with_name("performance_peers.svg")
    chart.write_text(peers_chart(found), encoding="utf-8")
    few = f"; W3 and W4 over {found['factor_symbols']:,} symbols"
    data = f"{found['symbols']:,} symbols x {found['bars']:,} daily bars"
    size = f"{found['symbols'] * found['bars'] / 1e6:.1f} M rows of doubles{few}"
    rounds = f"{found['rounds']} rounds (a slow peer sits out when it has had its time)"
    parts = [
        "## Side by side",
        f"{machine_line(found['machine'])}\n{data} = {size}, {found['threads']} threads, {rounds}.",
        disturbed(found),
        f"![Seconds of barsweep and its peers]({chart.name})",
        *(table(found, workload) for workload in TITLES if of(found, workload)),
        *compiling(found),
        "### Where definitions differ\n\n" + markdown(("peer", "columns", "difference"), known()),
        unavailable(found["unavailable"]),
        "### What was prepared\n\n" + markdown(("peer", "way", "remark"), remarks(found)),
        "### Versions\n\n" + markdown(("peer", "installed"), versions(found)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def disturbed(found: Found) -> str:
    """Names the lines that were not steady, ours among them: whoever reads a ratio must know."""
    each = [unsteady(line) for workload in TITLES for line in scattered(of(found, workload))]
    if not each:
        return ""
    return f"**Not steady in this run**, so that their ratios are rough: {'; '.join(each)}."


def unsteady(line: Found) -> str:
    """A line with the span of its rounds."""
    span = f"{line['best']:.2f} to {max(line['times']):.2f} s, median {line['seconds']:.2f}"
    return f"{TITLES[line['workload']][:2]} {line['peer']}, {line['label']} ({span})"


def of(found: Found, workload: str) -> list[Found]:
    return [line for line in found["lines"] if line["workload"] == workload]


def table(found: Found, workload: str) -> str:
    """One workload, the fastest first; "x ours" is in units of barsweep with tiles."""
    body = [(f"**{each[0]}**" if each[0] == "barsweep" else each[0], *each[1:]) for each in rows(of(found, workload))]
    return f"### {TITLES[workload]}\n\n" + markdown(HEADINGS, body)


def compiling(found: Found) -> Sequence[str]:
    """Peers that compile each formula apart from running it."""
    each = {TITLES[line["workload"]][:2]: line["compile"] for line in found["lines"] if line.get("compile")}
    told = ", ".join(f"{seconds:.1f} s for {workload}" for workload, seconds in each.items())
    return (
        [f"KunQuant generates and compiles C++ for each set of formulas, which is not in its figures: {told}."]
        if told
        else []
    )


def known() -> list[tuple[str, ...]]:
    return [
        (each.peer, each.called or ", ".join(each.columns), each.reason + not_compared(each.compared))
        for each in DIFFERENCES
    ]


def not_compared(compared: bool) -> str:
    return "" if compared else "; not compared"


def unavailable(reasons: Mapping[str, str]) -> str:
    if not reasons:
        return "All peers could be installed and run here."
    return "### Peers that could not run here\n\n" + markdown(("peer", "reason"), list(reasons.items()))


def remarks(found: Found) -> list[tuple[str, str, str]]:
    """Each remark once."""
    told = {
        (line["peer"], f"{TITLES[line['workload']][:2]} {line['label']}", line["remark"]) for line in found["lines"]
    }
    return sorted(each for each in told if each[2])


def versions(found: Found) -> list[tuple[str, str]]:
    return [(name, ", ".join(f"{p} {v}" for p, v in each.items())) for name, each in found["versions"].items()]


def peers_chart(found: Found) -> str:
    """Bars, a panel for each workload."""
    panels = {}
    for workload, title in TITLES.items():
        lines = [line for line in of(found, workload) if "seconds" in line]
        base = reference(lines)
        if lines and base:
            ordered = sorted(lines, key=lambda line: line["seconds"])
            panels[title] = [bar(line, base["seconds"]) for line in ordered]
    return charts.bars("Median of the rounds, logarithmic: shorter is better", panels)


def bar(line: Found, base: float) -> charts.Bar:
    ours = line["peer"] == "barsweep"
    return charts.Bar(f"{line['peer']}: {line['label']}", line["seconds"], f"{line['seconds'] / base:.2f} x", ours)


def threads(found: Found, _: Path) -> str:
    """Seconds by number of workers."""
    by_workers = found["workers"]
    headings = ("workload and executor", *(f"{workers} workers" for workers in by_workers), "gain")
    body = []
    for name in by_workers["1"]:
        each = [workers[name] for workers in by_workers.values()]
        body.append((name, *(f"{seconds:.3f} s" for seconds in each), f"{each[0] / min(each):.2f} x"))
    where = f"{machine_line(found['machine'])}\n{found['symbols']:,} symbols, the best of several processes."
    return f"## Threads\n\n{where}\n\n{markdown(headings, body)}\n"


def growing(found: Found, page: Path) -> str:
    """How the cost grows, as charts."""
    chart = page.with_name("performance_growth.svg")
    middle, most = found["middle"], found["most"]
    panels = [
        charts.Panel("W1 by symbols", "symbols of 2,520 bars", found["symbols"]),
        charts.Panel(f"W1 by bars, {middle // 5} symbols", "bars of each symbol", found["bars"]),
        charts.Panel(f"Formulas in one job, {middle} symbols", "formulas", found["formulas"]),
        charts.Panel(f"One window function, {middle} symbols, tiles", "window length", found["length"]),
    ]
    chart.write_text(charts.lines("How the cost grows (both axes logarithmic)", panels), encoding="utf-8")
    told = found["hundred"]
    text = (
        f"A hundred formulas in one job over {most:,} symbols take {told['hundred']:.2f} s: "
        f"{told['ratio']:.1f} times one W1 ({told['one']:.3f} s). They find {told['matches']:,} bars; "
        f"with a table of each formula's, which is made when somebody looks, {told['tables']:.2f} s."
    )
    picture = f"![Cost by symbols, bars, formulas and window length]({chart.name})"
    return f"## How the cost grows\n\n{machine_line(found['machine'])}\n\n{picture}\n\n{text}\n"


def sizes(found: Found, _: Path) -> str:
    """Time and memory by number of symbols, from `make bench`."""
    mebibyte = 2**20
    headings = (
        "symbols",
        "W1",
        "rows a second",
        "memory",
        "W2",
        "memory",
        "first W1 in a process",
        "command, from DuckDB",
    )
    body = [
        (
            f"{size['symbols']:,}",
            f"{size['seconds']:.3f} s",
            f"{size['rows_per_second'] / 1e6:.1f} M",
            f"{size['peak'] / mebibyte:,.0f} MB",
            f"{size['indicators']['seconds']:.3f} s",
            f"{size['indicators']['peak'] / mebibyte:,.0f} MB",
            f"{size['cold']['seconds']:.2f} s",
            f"{size['process']['seconds']:.2f} s, {size['process']['peak'] / mebibyte:,.0f} MB",
        )
        for size in found["sizes"]
    ]
    one = ", ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in found["single"].items())
    text = "Memory is the peak above the imports', the candles included; the command's is all in."
    check = found["check"]
    first = f"The first check in a process, of {check['lines']} lines: {check['seconds'] * 1000:.0f} ms."
    where = machine_line(found["machine"])
    return f"## By size\n\n{where}\n\n{markdown(headings, body)}\n\n{text} One symbol: {one}. {first}\n"


def starting(found: Found, _: Path) -> str:
    """Whole commands, from the shell to their end."""
    body = [(name, f"{median:.3f} s", f"{best:.3f} s") for name, (median, best) in found["seconds"].items()]
    told = f"{found['symbols']:,} symbols x {found['bars']:,} bars in a DuckDB file, whole processes started in turn."
    read, scan = found["seconds"]["imports and columns"], found["seconds"]["W1, every bar"]
    text = (
        f"W1 over every bar takes {scan[0] / read[0]:.2f} times (best: {scan[1] / read[1]:.2f}) what it takes to "
        "import the same modules and to read the same columns with DuckDB alone."
    )
    where = machine_line(found["machine"])
    return f"## Whole commands\n\n{where}\n{told}\n\n{markdown(('process', 'median', 'best'), body)}\n\n{text}\n"


def live(found: Found, _: Path) -> str:
    """A bar that arrives."""
    own = found["ways"]["barsweep"]
    body = [
        (name, *(f"{each[key]:.2f} ms" for key in ("p50", "p99", "best")), f"{each['p50'] / own['p50']:.1f}")
        for name, each in found["ways"].items()
        if "missing" not in each
    ]
    told = f"One bar of each of {found['symbols']:,} symbols, W2's 25 columns handed out (`python -m bench.live`)."
    headings = ("way", "median", "p99", "best", "x ours")
    return f"## A bar that arrives\n\n{machine_line(found['machine'])}\n{told}\n\n{markdown(headings, body)}\n"


if __name__ == "__main__":
    main()
