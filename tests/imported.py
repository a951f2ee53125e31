"""Candles to be imported, in every kind of source, and what was made of them."""

import random
from datetime import date, timedelta

import duckdb
import polars as pl

from barsweep.data import import_candles, open_repository

SYMBOLS = [f"S{number:02d}" for number in range(12)]
TARGETS = ["candles.duckdb", "candles.store"]


def universe():
    """Symbols of unequal lengths, with holes, texts and flags; symbol after symbol."""
    chance, rows = random.Random(7), []
    for place, symbol in enumerate(SYMBOLS):
        for day in range(3 + 5 * (place % 4)):
            close = None if chance.random() < 0.2 else chance.uniform(1, 9)
            flag, text = chance.choice([True, False, None]), chance.choice(["tech", "", None])
            rows.append((symbol, date(2024, 1, 1) + timedelta(day), close, float(day), flag, text))
    names = {"symbol": pl.String, "ts": pl.Date, "close": pl.Float64, "volume": pl.Float64}
    return pl.DataFrame(rows, schema=names | {"held": pl.Boolean, "sector": pl.String}, orient="row")


def as_parquet(frame, folder):
    frame.write_parquet(folder / "in.parquet", row_group_size=17)
    return folder / "in.parquet"


def as_parquet_by_date(frame, folder):
    return as_parquet(frame.sort("ts", "symbol"), folder)


def as_csv(frame, folder):
    frame.write_csv(folder / "in.csv")
    return folder / "in.csv"


def as_duckdb(frame, folder):
    import_candles(as_parquet(frame, folder), folder / "in.duckdb")
    return folder / "in.duckdb"


def as_duckdb_table(frame, folder):
    as_parquet(frame, folder)
    with duckdb.connect(str(folder / "table.duckdb")) as connection:
        connection.execute(f"create table candles as select * from '{folder / 'in.parquet'}'")
    return folder / "table.duckdb"


def content_of(path):
    repository = open_repository(path)
    columns = list(repository.columns("1d"))
    return pl.DataFrame(repository.load(None, "1d", None, None, columns))


def content_of_frame(frame):
    return pl.DataFrame(open_repository(frame).load(None, "1d", None, None, ["close", "volume", "held", "sector"]))
