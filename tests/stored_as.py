"""The same table in every kind of source: `stored_as[kind](frame, folder)` is what a user would hand over."""

from itertools import count

import duckdb

from barsweep.data import import_candles
from barsweep.data.storing import write_store

NUMBERS = count()


def frame(table, folder):
    return table


def parquet(table, folder):
    path = folder / f"candles{next(NUMBERS)}.parquet"
    table.write_parquet(path, row_group_size=100)
    return path


def database(table, folder):
    source = parquet(table, folder)
    with duckdb.connect(str(source.with_suffix(".duckdb"))) as connection:
        connection.execute(f"create table candles as select * from read_parquet('{source}')")
    return source.with_suffix(".duckdb")


def store(table, folder):
    path = folder / f"candles{next(NUMBERS)}.store"
    if table.is_empty():  # which an import refuses
        write_store([table], path, "1d", "UTC")
    else:
        import_candles(parquet(table, folder), path)
    return path


def csv(table, folder):
    path = folder / f"candles{next(NUMBERS)}.csv"
    table.write_csv(path)
    return path


stored_as = {"frame": frame, "parquet": parquet, "duckdb": database, "store": store, "csv": csv}
