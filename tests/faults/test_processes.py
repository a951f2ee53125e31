"""Processes that are forked or spawned by the host program."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import rising

import barsweep

UP = "close > close[1]"


def matches_of(frame):
    """What a process that was spawned finds."""
    return barsweep.scan(UP, frame).matches


def test_processes_that_are_spawned():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        found = pool.apply_async(matches_of, [rising(3)]).get(60)

    assert found.equals(matches_of(rising(3)))


TESTS = Path(__file__).parents[1]


FORKED = """
import os, sys
sys.path.append({tests!r})
import barsweep as bs
from barsweep.engine import forking
from fakes import rising
forking.PATIENCE = {patience}
{before}
child = os.fork()
if child == 0:
    try:
        {inside}
    except bs.ProcessingEngineError as error:
        print(error, flush=True)
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


FORKS = {
    "before anything ran": (
        "import polars",
        "print(bs.scan('close > close[1]', rising(2)).counts)",
        "'matches': 8",
    ),
    "after Polars ran": ("frame = rising(2)\nbs.scan('close > 1', frame)", "bs.scan('close > 1', frame)", '"spawn"'),
    "values, after Polars ran": ("frame = rising(2).lazy().collect()", "bs.evaluate('close', frame)", '"spawn"'),
    "a live scanner, after Polars ran": (
        "scanner = bs.LiveScanner('close > 1', rising(2))",
        "scanner.push(rising(1))",
        '"spawn"',
    ),
    "a live scanner made after Polars ran": (
        "frame = rising(2).lazy().collect()",
        "bs.LiveScanner('close > 1', frame)",
        '"spawn"',
    ),
    "with the engine of another process": (
        "engine = bs.ProcessingEngine(rising(2))",
        "engine.run(bs.ProcessingJob(None, 'close > 1'))",
        "made in another process",
    ),
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.parametrize("when", FORKS)
def test_a_fork_works_or_says_why_not(when):
    """Polars would wait for ever for threads that are not there."""
    before, inside, words = FORKS[when]
    patience = 30.0 if when == "before anything ran" else 0.5
    code = FORKED.format(tests=str(TESTS), patience=patience, before=before, inside=inside)

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)

    assert said.returncode == 0, said.stderr
    assert words in said.stdout
