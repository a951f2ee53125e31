"""Jobs that every cluster has to do as this process does, and what is done to clusters meanwhile."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time

import polars as pl

import barsweep as bs
from barsweep.data import sample_candles
from barsweep.engine.clusters.journal import ClusterJournal

SCAN = "close > sma(close, 20) and volume > 1.5 * sma(volume, 20) and rsi(close, 14) < 70"
JOBS = {
    "scan": bs.ProcessingJob(None, SCAN),
    "several": bs.ProcessingJob(None, {"a": SCAN, "b": "up = sma(close, 5); close > up"}),
    "range": bs.ProcessingJob(None, SCAN, bs.DateRange("2015-06-01", dt.date(2015, 9, 1))),
    "latest": bs.ProcessingJob(None, "close > open", latest=True),
    "sweep": bs.ProcessingJob(None, "param n = 5; close > sma(close, n)", parameters={"n": [3, 9]}),
    "ranking": bs.ProcessingJob(None, "rank(close) > 30"),
    "ranking of averaged rankings": bs.ProcessingJob(
        None, {"x": "rank(sma(rank(close), 3)) > 20", "y": "ema(zscore(close), 5) > 0.1"}
    ),
    "other symbol": bs.ProcessingJob(None, 'roc(close, 5) > symbol("AAFZ", roc(close, 5))'),
    "in another order, one unknown": bs.ProcessingJob(["ZZZ", "DZVS"], "close > open"),
}


def write_candles(folder, symbols, bars):
    """A Parquet file of candles, with a symbol AAFZ."""
    path = folder / "candles.parquet"
    frame = sample_candles(symbols, bars)
    first = frame["symbol"].min()
    frame.with_columns(pl.col("symbol").replace(first, "AAFZ")).sort("symbol", "ts").write_parquet(path)
    return path


def told(result):
    return (dict(result.counts), {symbol: str(error) for symbol, error in result.errors.items()}, result.defects)


def assert_as_here(job, source, cluster, **options):
    """Matches to the bit, errors, defects and counts are those of a job in this process."""
    with bs.ProcessingEngine(source) as engine:
        here = engine.run(job)
    with bs.ProcessingEngine(source, cluster=cluster, **options) as engine:
        there = engine.run(job)

    assert there.matches.equals(here.matches, null_equal=True)
    assert there.matches.schema == here.matches.schema
    assert told(there) == told(here)
    assert [each.symbol for each in there] == [each.symbol for each in here]


def caught(folder, pids, seconds=60):
    """Stop these processes in the middle of an order, and name it; they stand still from then on."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        stopped = sent(signal.SIGSTOP, pids())
        begun = [mark for mark in (folder / "begun").glob("*/*") if int(mark.name.split("-")[-2]) in stopped]
        held = [mark.parent.name for mark in begun if not (folder / f"{mark.parent.name}.json").exists()]
        if held:
            return held[0]
        sent(signal.SIGCONT, stopped)
        time.sleep(0.002)
    raise TimeoutError("no process was in the middle of an order")


def sent(number, pids):
    """The processes that got the signal."""
    reached = []
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:  # it has just ended
            continue
        reached.append(pid)
    return reached


DRIVER = """
import sys, barsweep as bs
source, folder, formula, memory = sys.argv[1:]
engine = bs.ProcessingEngine(source, cluster=CLUSTER, memory_limit=int(memory))
engine.run(bs.ProcessingJob(None, formula), lambda done, total: print(done, flush=True))
"""


def assert_gone_on_from(opened, cluster, source, formula, memory_limit):
    """A driver that is killed after its first batch leaves what is done, which another takes up.

    `opened` is how that driver opens its cluster in `folder`, of which `cluster` is the next one's.
    """
    words = [str(source), str(cluster.folder), formula, str(memory_limit)]
    command = [sys.executable, "-c", DRIVER.replace("CLUSTER", opened), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as driver:
        for line in driver.stdout:
            if line.strip().isdigit() and int(line) > 0:  # Ray writes there what it has to tell
                break
        os.killpg(driver.pid, signal.SIGKILL)
    before = orders(cluster.folder, "done")

    with cluster:
        assert_as_here(bs.ProcessingJob(None, formula), source, cluster, memory_limit=memory_limit)
        there = orders(cluster.folder, "there")
        notes = (cluster.folder / "journal.jsonl").read_text().splitlines()

    assert before
    assert before <= there
    assert all(json.loads(line) for line in notes)


def orders(folder, event):
    """The orders of which the journal notes that event."""
    return {line["order"] for line in ClusterJournal(folder).lines() if line["event"] == event}
