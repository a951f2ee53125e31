"""A feed that is made up: a bar a second of many symbols, as lines of JSON, Parquet files or rows of DuckDB.

`python -m bench.feeding lines | barsweep watch FORMULA -` or `python -m bench.feeding parquet --target bars`. A bar's
ts is the second in which it is handed out, so that whoever watches can tell how late he is.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

SECOND: Final = dt.timedelta(seconds=1)
TABLE: Final = "bars"
LOCKED: Final = 0.02  # seconds until the database is tried again


def main() -> None:
    """Feed until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=WRITERS)
    parser.add_argument("--target", type=Path, help="the folder, or the DuckDB file")
    parser.add_argument("--symbols", type=int, default=2500)
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--past", type=int, default=60, help="bars of each symbol that are there at once")
    options = parser.parse_args()
    if options.kind != "lines" and options.target is None:
        parser.error("--target says where to write")
    write = WRITERS[options.kind](options.target)
    feed(write, options.symbols, options.past, options.seconds)


def feed(write: Callable[[pl.DataFrame], None], symbols: int, past: int, seconds: int) -> None:
    """Hand out past bars at once, then a bar of each symbol in every second."""
    market = walk(symbols)
    begin = dt.datetime.now(dt.UTC).replace(microsecond=0)
    if past:
        write(pl.concat([next(market).with_columns(ts=pl.lit(begin - n * SECOND)) for n in range(past, 0, -1)]))
    for number in range(1, seconds + 1):
        due = begin + number * SECOND
        bars = next(market).with_columns(ts=pl.lit(due))
        time.sleep(max(0.0, (due - dt.datetime.now(dt.UTC)).total_seconds()))
        write(bars)


def walk(symbols: int, seed: int = 7) -> Iterator[pl.DataFrame]:
    """Bars of one second after the other; prices wander, volumes burst now and then."""
    random = np.random.default_rng(seed)
    names = pl.Series("symbol", [f"S{n:05d}" for n in range(symbols)])
    close = random.uniform(10.0, 300.0, symbols)
    while True:
        opened, close = close, close * np.exp(random.normal(0.0, 5e-4, symbols))
        reach = np.abs(random.normal(0.0, 2e-4, (2, symbols))) + 1.0
        high, low = np.maximum(opened, close) * reach[0], np.minimum(opened, close) / reach[1]
        volume = np.round(random.lognormal(6.0, 0.7, symbols))
        prices = {"open": opened, "high": high, "low": low, "close": close}
        yield pl.DataFrame({"symbol": names, **prices, "volume": volume})


def to_lines(_: Path | None) -> Callable[[pl.DataFrame], None]:
    """Lines of JSON on standard output."""

    def write(bars: pl.DataFrame) -> None:
        sys.stdout.write(bars.write_ndjson())
        sys.stdout.flush()

    return write


def to_parquet(folder: Path) -> Callable[[pl.DataFrame], None]:
    """A file for each second; it gets its name when it is whole."""
    folder.mkdir(parents=True, exist_ok=True)

    def write(bars: pl.DataFrame) -> None:
        name = f"{bars['ts'].max():%Y%m%d-%H%M%S}.parquet"
        aside = folder / f".{name}.partial"
        bars.write_parquet(aside)
        aside.rename(folder / name)

    return write


def to_duckdb(path: Path) -> Callable[[pl.DataFrame], None]:
    """Rows of a table; the file is closed in between, so that others can read it."""
    import duckdb

    def write(bars: pl.DataFrame) -> None:
        while True:
            try:
                connection = duckdb.connect(str(path))
                break
            except duckdb.IOException:  # somebody reads
                time.sleep(LOCKED)
        with connection:
            connection.register("new", bars.to_arrow())
            connection.execute(f"create table if not exists {TABLE} as select * from new limit 0")
            connection.execute(f"insert into {TABLE} select * from new")

    return write


WRITERS: Final = {"lines": to_lines, "parquet": to_parquet, "duckdb": to_duckdb}

if __name__ == "__main__":
    main()
