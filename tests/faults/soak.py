"""Random jobs with random faults and cancels, several at once: `make soak`. Every result has to be accounted for.

What a job finds is compared with what the same job finds alone over the same candles without faults: a symbol without
an error has the same matches to the bit; a symbol with an error has one of those that were provoked; every requested
symbol is there, in its order. In the end no thread is left and memory has not grown.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import psutil
from faults.moods import CANCELS, FAULTS, FORMULAS, HANG, KINDS, Mood, Moody, service_of
from rich.console import Console

from barsweep import ProcessingEngine, ProcessingEngineError, ProcessingJob, RepositoryError
from barsweep.data import FrameRepository, ParquetRepository, sample_candles
from barsweep.engine.controlling import LOG

TIMEOUTS, SLOWEST = (1.0, 5.0), 20  # seconds; a batch has so many times what a job takes at the moment, within these
PATIENCE = 60.0  # seconds for threads to end; those that hang do so for a few timeouts


@dataclass
class Told:
    """What a soak has to say."""

    jobs: int = 0
    symbols: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    raised: Counter[str] = field(default_factory=Counter)
    cancels: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    late: Counter[str] = field(default_factory=Counter)
    threads: int = 0
    memory: list[int] = field(default_factory=list)

    def summary(self):
        late = sorted(self.cancels)
        at = lambda share: 1000 * late[min(len(late) - 1, int(share * len(late)))] if late else 0  # noqa: E731
        grown = (self.memory[-1] - self.memory[len(self.memory) // 4]) / 2**20 if self.memory else 0
        return (
            f"{self.jobs:,} jobs, {self.symbols:,} results of symbols, of which wrong: {len(self.wrong)}\n"
            f"sound symbols for which there was no time: {dict(self.late)}\n"
            f"errors: {dict(self.kinds)}\nraised: {dict(self.raised)}\n"
            f"{len(late)} cancels answered within {at(0.5):.0f} ms (median), {at(0.99):.0f} ms (p99), {at(1):.0f} ms\n"
            f"threads left: {self.threads}; memory grown since a quarter of the time: {grown:.0f} MB"
        )


class Soak:
    """Runs jobs until the time is over; the same seed asks for the same jobs."""

    def __init__(self, seed, symbols=120, bars=250, workers=None):
        self.random = random.Random(seed)
        self.frame = sample_candles(symbols, bars, seed=seed, defects=False)
        self.names = sorted(self.frame["symbol"].unique())
        self.folder = tempfile.TemporaryDirectory(prefix="soak-")
        self.path = Path(self.folder.name) / "candles.parquet"
        self.frame.write_parquet(self.path)
        self.workers, self.told, self.lock = workers, Told(), threading.Lock()
        self.moods, self.expected = threading.local(), {}
        self.before = threading.active_count()

    def run(self, seconds):
        """Rounds of one to four jobs on one engine, until the time is over."""
        end = time.monotonic() + seconds
        LOG.setLevel("CRITICAL")
        process = psutil.Process()
        try:
            while time.monotonic() < end:
                self.round()
                self.told.memory.append(process.memory_info().rss)
        finally:
            LOG.setLevel("NOTSET")
        self.told.threads = self.left_threads()
        self.folder.cleanup()
        return self.told

    def left_threads(self):
        """Threads that are still there when all that slept has woken up."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and threading.active_count() > self.before:
            time.sleep(0.05)
        return threading.active_count() - self.before

    def round(self):
        """Some jobs at the same time on one engine, whose clock goes by how busy the machine is."""
        rng, timeout = self.random, float(np.clip(SLOWEST * self.pace(), *TIMEOUTS))
        culprits = frozenset(rng.sample(self.names, rng.choice([1, 2, 5])))
        mood = Mood(rng.choice(FAULTS), culprits, lasting=HANG * timeout)
        inner = rng.choice([FrameRepository(self.frame), ParquetRepository(self.path)])
        engine = ProcessingEngine(
            Moody(inner, mood), service_of(self.frame, mood), self.workers or rng.choice([1, 2, 3]), timeout=timeout
        )
        plans = [self.plan(number) for number in range(rng.choice([1, 1, 2, 4]))]
        threads = [threading.Thread(target=self.guarded, args=(engine, mood, *plan)) for plan in plans]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        engine.shutdown()

    def pace(self):
        """Seconds that a sound job takes at this moment."""
        began = time.monotonic()
        ProcessingEngine(self.frame, max_workers=1).run(ProcessingJob(None, FORMULAS["rankings"]))
        return time.monotonic() - began

    def plan(self, number):
        """A job, how it is cancelled, after how long, and where its results go."""
        rng = self.random
        name = rng.choice(list(FORMULAS))
        text = FORMULAS[name]
        text = text.format(other=self.names[0]) if name == "other symbol" else text
        symbols = rng.choice([None, None, rng.sample(self.names, len(self.names) // 2), ["nobody", *self.names[:9]]])
        parameters = {"n": [5, 10, 20]} if name == "sweep" else None
        job = ProcessingJob(symbols, text, parameters=parameters, executor=rng.choice(["tiles", "polars"]))
        output = Path(self.folder.name) / f"{number}.parquet" if rng.random() < 0.2 else None
        return name, job, rng.choice(CANCELS), rng.expovariate(10), output

    def guarded(self, engine, mood, name, job, cancel, after, output):
        """Run a job, and look at what it says."""
        try:
            result, late = self.outcome(engine, job, cancel, after, output)
        except (ProcessingEngineError, RepositoryError) as error:
            expected = mood.fault != "none" and name == "other symbol"
            with self.lock:
                self.told.jobs += 1
                self.told.raised[type(error).__name__] += 1
                if not expected:
                    self.told.wrong.append(f"{name} {mood.fault} {cancel}: {error!r}")
            return
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
            with self.lock:
                self.told.wrong.append(f"{name} {mood.fault} {cancel}: {error!r}")
            return
        wrong = [] if result is None else list(self.faults_of(result, mood, name, job, cancel))
        with self.lock:
            self.told.jobs += 1
            self.told.cancels += late
            self.told.wrong += [f"{name} {job.executor} {mood.fault} {cancel}: {each}" for each in wrong]
            if result is not None:
                self.told.symbols += len(result)
                self.told.kinds.update(each.error.kind if each.error else "none" for each in result)

    def outcome(self, engine, job, cancel, after, output):
        """The result, and how long a cancel took to be answered."""
        if cancel == "task":
            return asyncio.run(self.cancelled_task(engine, job, after, output))
        called = []

        def stop(how):
            called.append(time.monotonic())
            how()

        progress = (lambda *_: stop(engine.cancel) if not called else None) if cancel == "callback" else None
        running = engine.submit(job, progress, output=output)
        if cancel in {"engine", "job"}:
            time.sleep(after)
            if not running.done():
                stop(engine.cancel if cancel == "engine" else running.cancel)
        result = running.result(600)
        return result, [time.monotonic() - called[0]] if called else []

    async def cancelled_task(self, engine, job, after, output):
        task = asyncio.create_task(engine.process_batch(job, output=output))
        await asyncio.sleep(after)
        began, over = time.monotonic(), task.done()
        task.cancel()
        try:
            return await task, []
        except asyncio.CancelledError:
            return None, [] if over else [time.monotonic() - began]

    def faults_of(self, result, mood, name, job, cancel):
        """What of the result is not as it has to be."""
        asked = list(job.symbols or self.names)
        if not (result.cancelled and not len(result)) and [each.symbol for each in result] != asked:
            yield f"symbols are {[each.symbol for each in result][:5]}, not {asked[:5]}"
            return
        ranked = name in {"ranking", "rankings", "ranked function"}
        provoked = KINDS.get(mood.fault, set())
        allowed = {"unknown symbol", "cancelled"} | provoked  # others may cancel the engine
        culprits = set(asked) if ranked or mood.fault == "every third" else mood.culprits
        for symbol, error in result.errors.items():
            if error.kind == "timeout" and "hangs" not in mood.fault:
                self.told.late["on a busy machine"] += 1
            elif error.kind == "timeout" and symbol not in culprits:
                self.told.late["beside what hangs"] += 1
            elif error.kind not in allowed or (error.kind in provoked and symbol not in culprits):
                yield f"{symbol} has the error {error.kind}: {error}"
        without = frozenset(symbol for symbol, error in result.errors.items() if error.kind != "cancelled")
        if ranked and any(each.ok for each in result):
            expected = self.expectation(job, without - {"nobody"})
        else:
            expected = self.expectation(job, frozenset())
        done = [each.symbol for each in result if each.ok]
        wanted = expected.filter(pl.col("symbol").is_in(done))
        found = result.matches.sort("symbol", "ts", maintain_order=True)
        if not found.equals(wanted) and found.height + wanted.height:
            yield f"{found.height} matches, not {wanted.height}, of {len(done)} symbols"

    def expectation(self, job, without):
        """What the job finds alone, over sound candles; symbols ascending."""
        key = (repr(job), without)
        with self.lock:
            known = self.expected.get(key)
        if known is None:
            frame = self.frame.filter(~pl.col("symbol").is_in(list(without)))
            result = ProcessingEngine(frame, service_of(self.frame, Mood()), max_workers=1).run(job)
            known = result.matches.sort("symbol", "ts", maintain_order=True)
            with self.lock:
                if len(self.expected) > 200:
                    self.expected.clear()
                self.expected[key] = known
        return known


def main():
    """Soak for some minutes; exit code 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    say = Console(highlight=False, soft_wrap=True).print
    say(f"seed {options.seed}, {options.minutes:g} minutes, process {os.getpid()}")
    told = Soak(options.seed, workers=options.workers).run(60 * options.minutes)
    say(told.summary())
    say(*sorted(told.wrong)[:: max(1, len(told.wrong) // 20)], sep="\n", markup=False)
    sys.exit(1 if told.wrong or told.threads else 0)


if __name__ == "__main__":
    main()
