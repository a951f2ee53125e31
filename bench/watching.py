"""An hour of watching: `python -m bench.watching FOLDER`. A feed of 2,500 symbols beside `barsweep watch`.

Both are processes of their own. In the middle the watch is killed and started again. How late matches are in the
journal, and what memory the watch takes, is written to FOLDER/samples.jsonl every ten seconds; at the end the journal
is compared with a scan over all bars.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
import polars as pl

from bench.workloads import SCAN

ROOT: Final = Path(__file__).parents[1]
KINDS: Final = {"duckdb": "bars.duckdb", "parquet": "bars"}
LOOKED: Final = 0.05  # seconds between looks at the journal
SAMPLED: Final = 10.0  # seconds
COMMAND: Final = "from barsweep.engine.command_line import main; main()"
SETTLING: Final = 30.0  # seconds after the last bar


def main() -> None:
    """Run all, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kind", choices=KINDS, default="duckdb")
    parser.add_argument("--symbols", type=int, default=2500)
    parser.add_argument("--seconds", type=int, default=3600)
    options = parser.parse_args()
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / KINDS[options.kind]
    said = [f"--{name}={getattr(options, name)}" for name in ("symbols", "seconds")]
    feed = subprocess.Popen(
        [sys.executable, "-m", "bench.feeding", options.kind, f"--target={source}", *said], cwd=ROOT
    )
    try:
        while not source.exists() or (source.is_dir() and not any(source.glob("*.parquet"))):
            time.sleep(1.0)
        watched(folder, source, options.seconds, feed)
        feed.wait()
    finally:
        feed.kill()
    print(json.dumps(compared(folder, source), indent=1))


def watched(folder: Path, source: Path, seconds: int, feed: subprocess.Popen[bytes]) -> None:
    """Watch until the feed ends; killed once, in the middle."""
    middle = time.monotonic() + seconds / 2
    with (folder / "samples.jsonl").open("w") as samples, (folder / "watch.log").open("w") as log:
        watch, lags, sampled, ended = started(folder, source, log), Lags(folder / "journal.jsonl"), 0.0, None
        try:
            while ended is None or time.monotonic() - ended < SETTLING:
                lags.look()
                if middle is not None and time.monotonic() > middle:
                    watch.kill()  # SIGKILL: nothing is saved
                    watch.wait()
                    watch, middle = started(folder, source, log), None
                if time.monotonic() - sampled > SAMPLED:
                    sampled = time.monotonic()
                    samples.write(json.dumps({**lags.sample(), "rss_mb": rss_of(watch.pid)}) + "\n")
                    samples.flush()
                if ended is None and feed.poll() is not None:
                    ended = time.monotonic()
                time.sleep(LOOKED)
        finally:
            watch.terminate()
            watch.wait()


def started(folder: Path, source: Path, log: TextIO) -> subprocess.Popen[bytes]:
    """The command, in a process of its own."""
    files = [f"--journal={folder / 'journal.jsonl'}", f"--state={folder / 'state'}"]
    arguments = ["watch", SCAN, str(source), "--timeframe=1s", *files]
    return subprocess.Popen([sys.executable, "-c", COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=log)


class Lags:
    """Reads the lines that a journal gets: how many seconds after a bar's ts each of them was written."""

    def __init__(self, path: Path) -> None:
        self._path, self._read = path, 0
        self._lags: list[float] = []

    def look(self) -> None:
        """Read what is new."""
        if not self._path.exists():
            return
        stat = self._path.stat()
        if stat.st_size == self._read:
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            content = file.read(stat.st_size - self._read)
        whole = content.rfind(b"\n") + 1
        self._read += whole
        for line in content[:whole].splitlines():
            bar = dt.datetime.fromisoformat(json.loads(line)["ts"]).timestamp()
            self._lags.append(stat.st_mtime - bar)

    def sample(self) -> dict[str, Any]:
        """What there was since the last sample."""
        lags, self._lags = np.array(self._lags), []
        found = {"at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "matches": len(lags)}
        if len(lags):
            found |= {f"lag_p{q}": round(float(np.percentile(lags, q)), 3) for q in (0, 50, 99, 100)}
        return found


def rss_of(process: int) -> float:
    """Megabytes that a process has in memory."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:  # it has ended, which its log tells
        return 0.0
    return next((int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmRSS")), 0.0)


def compared(folder: Path, source: Path) -> dict[str, Any]:
    """The journal beside a scan over all bars, and the samples put together."""
    import barsweep as bs

    journal = pl.read_ndjson(folder / "journal.jsonl").with_columns(pl.col("ts").str.to_datetime(time_zone="UTC"))
    keys, first = journal.select("symbol", "ts"), journal["ts"].min()
    batch = bs.scan(SCAN, source, timeframe="1s", start=first).matches.select("symbol", "ts")
    samples = [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]
    return {
        "matches": journal.height,
        "doubled": journal.height - keys.unique().height,
        "lost": batch.join(keys, on=["symbol", "ts"], how="anti").height,
        "invented": keys.join(batch, on=["symbol", "ts"], how="anti").height,
        "lag_p50": middle_of(samples, "lag_p50"),
        "lag_p99": middle_of(samples, "lag_p99"),
        "lag_max": max(sample.get("lag_p100", 0.0) for sample in samples),
        "rss_mb": [sample["rss_mb"] for sample in samples[:: max(1, len(samples) // 12)]],
    }


def middle_of(samples: Sequence[dict[str, Any]], name: str) -> float:
    """The median over the samples."""
    return float(np.median([sample[name] for sample in samples if name in sample]))


if __name__ == "__main__":
    main()
