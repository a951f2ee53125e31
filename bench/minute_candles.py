"""Minutes of many symbols on the disk, more than fit into memory: in the order of symbols, and day by day."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

SEED: Final = 7
SESSION: Final = 390  # minutes
GROUP: Final = 1_000_000  # rows


def path_of(options: argparse.Namespace, source: str) -> Path:
    """The file of candles, or their folder."""
    return Path(options.folder) / f"{options.symbols}x{options.bars}.{source}"


def make_parquet(options: argparse.Namespace) -> dict[str, object]:
    """Write the candles, a row group at a time."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    target = path_of(options, "parquet")
    aside = target.with_suffix(".partial")
    together = max(1, GROUP // options.bars)
    writer = None
    for first in range(0, options.symbols, together):
        numbers = range(first, min(first + together, options.symbols))
        table = pa.concat_tables([candles(number, options.bars) for number in numbers])
        writer = writer or pq.ParquetWriter(aside, table.schema)
        writer.write_table(table, row_group_size=table.num_rows)
    assert writer is not None
    writer.close()
    aside.rename(target)
    return {"bytes": target.stat().st_size}


def candles(number: int, bars: int) -> Any:
    """The minutes of one symbol as an Arrow table: a random walk in cents, volume in hundreds."""
    import pyarrow as pa

    random = np.random.default_rng((SEED, number))
    steps = random.standard_normal(bars, np.float32) * np.float32(0.0006)
    close = np.round(100 * np.exp(np.cumsum(steps, dtype=np.float64)), 2)
    opening = np.append(100.0, close[:-1])
    reach = np.abs(random.standard_normal((2, bars), np.float32)) * np.float32(0.0004)
    volume = np.round(np.exp(random.standard_normal(bars, np.float32) * 0.6 + 8)) * 100.0
    columns = {
        "symbol": pa.array(np.full(bars, f"S{number:05d}")),
        "ts": pa.array(minutes(bars), pa.timestamp("us", "UTC")),
        "open": pa.array(opening),
        "high": pa.array(np.round(np.maximum(opening, close) * (1 + reach[0]), 2)),
        "low": pa.array(np.round(np.minimum(opening, close) * (1 - reach[1]), 2)),
        "close": pa.array(close),
        "volume": pa.array(volume),
    }
    return pa.table(columns)


def minutes(bars: int) -> Any:
    """When the bars begin: sessions from 14:30 UTC, on every day, as [bars] microseconds since 1970."""
    begin = int(dt.datetime(2024, 1, 2, 14, 30, tzinfo=dt.UTC).timestamp())
    day, minute = np.divmod(np.arange(bars, dtype=np.int64), SESSION)
    return (begin + day * 86_400 + minute * 60) * 1_000_000


def make_duckdb(options: argparse.Namespace) -> dict[str, object]:
    """Copy the candles into a table, in their order."""
    import duckdb

    target = path_of(options, "duckdb")
    aside = target.with_suffix(".partial")
    source = str(path_of(options, "parquet"))
    with duckdb.connect(aside, config={"memory_limit": "4GB"}) as connection:
        connection.execute("create table candles as select * from read_parquet(?)", [source])
    aside.rename(target)
    return {"bytes": target.stat().st_size}


def make_days(options: argparse.Namespace) -> dict[str, object]:
    """Write the candles day by day, a file for each, in which the symbols of each minute follow each other."""
    import duckdb
    import polars as pl

    target = path_of(options, "days")
    aside, sorted_by_time = target.with_suffix(".partial"), target.with_suffix(".sorted")
    aside.mkdir(exist_ok=True)
    with duckdb.connect(config={"memory_limit": "4GB", "temp_directory": str(options.folder)}) as connection:
        rows = f"select * from read_parquet('{path_of(options, 'parquet')}') order by ts, symbol"
        connection.execute(f"copy ({rows}) to '{sorted_by_time}' (format parquet)")
    day = SESSION * options.symbols
    for number, begin in enumerate(range(0, options.symbols * options.bars, day)):
        pl.scan_parquet(sorted_by_time).slice(begin, day).collect().write_parquet(aside / f"{number:05d}.parquet")
    sorted_by_time.unlink()
    aside.rename(target)
    return {"bytes": sum(file.stat().st_size for file in target.iterdir())}


MAKERS: Final[Mapping[str, Callable[[argparse.Namespace], dict[str, object]]]] = {
    "parquet": make_parquet,
    "duckdb": make_duckdb,
    "days": make_days,
}
