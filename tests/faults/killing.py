"""Kills writers at random moments, and looks at what they leave: the file as it was, or the new one, never a mixture.

    PYTHONPATH=.names python tests/faults/killing.py 200 1    # kills at random, and one at every single step

A process that has imported everything and run nothing forks a writer for each kill, so that hundreds take a minute.
What is there afterwards is read by a process of its own, too.
"""

import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from itertools import count, takewhile
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet  # noqa: F401 - so that no writer spends its time on importing

from barsweep.data import import_candles, open_repository, writing
from barsweep.engine.command_line.formats import Format
from barsweep.engine.command_line.showing import write
from barsweep.engine.stored import TableFile

SYMBOLS, BARS = 40, 250


def version(number):
    """Candles of which every close is this number."""
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 1, 1) + pl.duration(days=BARS - 1), eager=True)
    names = pl.DataFrame({"symbol": [f"S{place:03d}" for place in range(SYMBOLS)]})
    return names.join(days.alias("ts").to_frame(), how="cross").with_columns(close=pl.lit(float(number)))


def imported(source, target):
    import_candles(source, target, replace=True)


def scanned(source, target):
    """As a job writes what it finds, batch by batch, each of which is flushed on the way, however small it is."""
    writing.FLUSHED_TOGETHER = 1
    with TableFile(target) as file:
        for batch in pl.read_parquet(source).iter_slices(SYMBOLS * BARS // 5):
            file.write(batch)
        file.finish(pl.DataFrame())


def written(source, target):
    write(pl.read_parquet(source), Format.CSV, target)


def closes_of(target):
    with_close = {".csv": pl.read_csv, ".parquet": pl.read_parquet}.get(target.suffix)
    if with_close is not None:
        return with_close(target)["close"]
    repository = open_repository(target, timeframe="1d", **({"table": "candles"} if target.suffix == ".duckdb" else {}))
    return pl.DataFrame(repository.load(None, "1d", None, None, ["close"]))["close"]


WRITERS = {
    "database": ("candles.duckdb", imported),
    "store": ("candles.store", imported),
    "results": ("found.parquet", scanned),
    "command": ("found.csv", written),
}


def forked(work):
    """A process that does the work and ends with the whole number that it answers; 99 where it raises."""
    child = os.fork()
    if child:
        return child
    code = 99
    try:
        code = work() or 0
    except BaseException as error:  # noqa: BLE001 - shown, and told by the exit code; the parent's stack is not ours
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.stderr.flush()
    os._exit(code)


def ended(child):
    """The exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def done(work):
    code = ended(forked(work))
    assert code != 99, "see above"
    return code


class Killing:
    """One kind of writer, in a folder: the versions 1 and 2 take turns."""

    def __init__(self, kind, folder, seed):
        name, self.write = WRITERS[kind]
        self.target = folder / name
        self.sources = {number: folder.parent / f"version{number}.parquet" for number in (1, 2)}
        self.dice = random.Random(seed)
        self.now = 1

    def seen(self):
        """Which version is there, whole; 3 for anything else."""

        def look():
            closes = closes_of(self.target)
            whole = len(closes) == SYMBOLS * BARS and closes.n_unique() == 1
            return int(closes[0]) if whole else 3

        return done(look)

    def time_of_a_write(self):
        done(lambda: self.write(self.sources[1], self.target))
        begin = time.perf_counter()
        done(lambda: self.write(self.sources[1], self.target))
        return time.perf_counter() - begin

    def kill(self, seconds):
        """Begin to write the other version, kill, and look."""
        writer = forked(self.write_other)
        time.sleep(self.dice.uniform(0, 1.4) * seconds)
        os.kill(writer, signal.SIGKILL)
        return self.outcome(ended(writer))

    def kill_at(self, step):
        """Write the other version, in a process that kills itself at one of its steps in the folder, and look."""
        return self.outcome(ended(forked(lambda: (kill_me_at(step, self.target.parent), self.write_other())[1])))

    def write_other(self):
        self.write(self.sources[3 - self.now], self.target)

    def outcome(self, code):
        assert code in {0, -signal.SIGKILL}, "the writer failed"
        found = self.seen()
        assert found in ({1, 2} if code else {3 - self.now}), "neither the old nor the new version is there"
        outcome = ("old" if found == self.now else "new") if code else "done before"
        self.now = found
        return outcome

    def left(self):
        """What lies about after a writer that nobody kills."""
        done(lambda: self.write(self.sources[1], self.target))
        files = sorted(path.name for path in self.target.parent.iterdir())
        inside = sorted(path.name.partition("-")[0] for path in self.target.iterdir()) if self.target.is_dir() else []
        return files, inside


def at_once(kind, folder, sources, writers=4):
    """Let some write one target at the same moment: what is there in the end, and how many were content."""
    target = folder / WRITERS[kind][0]
    begin = time.time() + 0.3

    def write_mine(number):
        time.sleep(max(0.0, begin - time.time()))
        if kind == "database":
            import_candles(sources[1], target, f"table {number}")
        else:
            WRITERS[kind][1](sources[1 + number % 2], target)

    children = [forked(lambda number=number: write_mine(number)) for number in range(writers)]
    content = [ended(child) for child in children].count(0)

    def look():
        if kind != "database":
            closes = closes_of(target)
            return int(len(closes) == SYMBOLS * BARS and closes.n_unique() == 1)
        with duckdb.connect(str(target), read_only=True) as connection:
            counts = [
                connection.execute(f'select count(*) from "table {number}"').fetchone() for number in range(writers)
            ]
        return int(counts == [(SYMBOLS * BARS,)] * writers)

    return {"content": content, "whole": done(look)}


def kill_me_at(step, folder):
    """Have this process killed where it makes, opens, renames or removes something in the folder for that time."""
    steps = count(1)

    def hook(event, arguments):
        if (
            event.partition(".")[0] in {"open", "os", "shutil"}
            and str(folder) in str(arguments)
            and next(steps) == step
        ):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def kill_many(kind, times, every, seed):
    """Kill that many writers of a kind at random moments, and one at each of its steps, or at every third, say.

    What was found after each, counted, and what lies about in the end; and what several at once make of a new target.
    """
    with tempfile.TemporaryDirectory() as folder:
        inner, new = Path(folder) / "here", Path(folder) / "new"
        inner.mkdir()
        new.mkdir()
        killing = Killing(kind, inner, seed)
        for number, path in killing.sources.items():
            done(lambda number=number, path=path: version(number).write_parquet(path))
        seconds = killing.time_of_a_write()
        at_random = Counter(killing.kill(seconds) for _ in range(times))
        at_steps = Counter(takewhile(lambda outcome: outcome != "done before", map(killing.kill_at, count(1, every))))
        files, inside = killing.left()
        together = at_once(kind, new, killing.sources)
    return {
        "kind": kind,
        "at random": at_random,
        "at steps": at_steps,
        "files": files,
        "inside": inside,
        "at once": together,
    }


if __name__ == "__main__":
    for each in sys.argv[3:] or WRITERS:
        found = kill_many(each, int(sys.argv[1]), int(sys.argv[2]), random.randrange(2**30))
        sys.stdout.write(f"{json.dumps(found)}\n")
        sys.stdout.flush()
