"""What the largest formulas take that are allowed: `python -m bench.largest_formulas`.

For each bound of formulas/limits.py the formula that just comes to it (tests/faults/largest.py), in a process of its
own: seconds of the processor to check and plan it, to compute it over a dozen bars by each executor, and the peak of
memory above that of the same process with a small formula.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from faults.attempts import candles, check, compute
from faults.largest import BOUNDS

from barsweep.formulas import make_plan

SMALL = "close > sma(close, 20)"


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def took(call: Callable[[], object]) -> float:
    begun = time.process_time()
    call()
    return time.process_time() - begun


def measure(number: int) -> dict[str, float]:
    """Of one bound, after a small formula has loaded all that is loaded once."""
    bound = BOUNDS[number]
    text = bound.text(bound.most)
    for executor in ("tiles", "polars"):
        compute(SMALL, executor=executor)
    before = peak()
    checked = check(text)
    found = {"check": took(lambda: check(f"{text.rstrip()}\n")), "plan": took(lambda: make_plan({"value": checked}))}
    for executor in () if bound.needs_others else ("tiles", "polars"):
        found[executor] = took(lambda executor=executor: compute(text, executor=executor))
    return {**found, "MB": peak() - before, "rows": candles().height}


def main() -> None:
    """Print a table for docs/reliability.md."""
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
        return
    columns = ("check", "plan", "tiles", "polars", "MB")
    print(f"| the largest with | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for number, bound in enumerate(BOUNDS):
        run = [sys.executable, "-m", "bench.largest_formulas", str(number)]
        found = json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)
        shown = [f"{found[name]:.{0 if name == 'MB' else 2}f}" if name in found else "" for name in columns]
        print(f"| {bound.most:,} {bound.what} | {' | '.join(shown)} |", flush=True)


if __name__ == "__main__":
    main()
