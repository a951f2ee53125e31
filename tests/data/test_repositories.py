"""All repositories of tables answer alike: the same candles in frames, Parquet, DuckDB, CSV."""

from datetime import date, datetime

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from barsweep.data import (
    CandleRepository,
    DuckDBRepository,
    FrameRepository,
    ParquetRepository,
    open_repository,
    sample_candles,
)
from barsweep.errors import RepositoryError

CANDLES = sample_candles(symbols=12, bars=60, seed=3, defects=False).with_columns(
    pl.col("volume").cast(pl.Int64),
    sector=pl.when(pl.col("symbol") < "M").then(pl.lit("Tech")).otherwise(pl.lit("Oil")),
)


def database(path, frame, table="candles"):
    with duckdb.connect(str(path)) as connection:
        frame.write_parquet(path.with_suffix(".parquet"))
        connection.execute(f"create table \"{table}\" as select * from read_parquet('{path.with_suffix('.parquet')}')")
    return path


def in_frame(frame, folder):
    return FrameRepository(frame)


def in_pandas(frame, folder):
    return FrameRepository(frame.to_pandas(use_pyarrow_extension_array=True))


def in_arrow(frame, folder):
    return FrameRepository(frame.to_arrow())


def in_file(frame, folder):
    frame.write_parquet(folder / "candles.parquet", row_group_size=100)
    return ParquetRepository(folder / "candles.parquet")


def in_folder(frame, folder):
    frame.head(300).write_parquet(folder / "b.parquet")
    frame.tail(-300).write_parquet(folder / "a.parquet")
    return ParquetRepository(folder)


def in_partitions(frame, folder):
    for (symbol,), part in frame.group_by("symbol"):
        (folder / f"symbol={symbol}").mkdir()
        part.drop("symbol").write_parquet(folder / f"symbol={symbol}" / "0.parquet")
    return ParquetRepository(folder)


def one_file_each(frame, folder):
    for (symbol,), part in frame.group_by("symbol"):
        part.drop("symbol").write_parquet(folder / f"{symbol}.parquet")
    return ParquetRepository(folder)


def in_database(frame, folder):
    return DuckDBRepository(database(folder / "candles.duckdb", frame))


def in_query(frame, folder):
    query = "select * from candles order by ts, symbol;"
    return DuckDBRepository(database(folder / "candles.duckdb", frame), query=query)


def in_csv(frame, folder):
    frame.write_csv(folder / "candles.csv")
    return open_repository(folder / "candles.csv")


KINDS = [in_frame, in_pandas, in_arrow, in_file, in_folder, in_partitions, one_file_each, in_database, in_query, in_csv]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def repository(request, tmp_path):
    return request.param(CANDLES, tmp_path)


def frame_of(table):
    assert isinstance(table, pa.Table)
    return pl.DataFrame(table)


def test_it_is_a_repository(repository):
    assert isinstance(repository, CandleRepository)


def test_all_candles(repository):
    table = repository.load(None, "1d", None, None, ["close", "volume", "sector"])

    expected = CANDLES.select("symbol", "ts", "close", pl.col("volume").cast(pl.Float64), "sector")
    assert frame_of(table).equals(expected)
    assert table.schema.field("ts").type == pa.date32()
    assert table.schema.field("volume").type == pa.float64()


def test_some_symbols_and_dates(repository):
    names = CANDLES["symbol"].unique(maintain_order=True).to_list()

    table = repository.load([names[5], names[1], "NONE", names[2]], "1d", "2015-01-10", date(2015, 2, 1), ["open"])

    chosen = pl.col("symbol").is_in([names[1], names[2], names[5]]) & pl.col("ts").is_between(
        date(2015, 1, 10), date(2015, 2, 1)
    )
    assert frame_of(table).equals(CANDLES.filter(chosen).select("symbol", "ts", "open"))


def test_bars_before_the_start(repository):
    start = CANDLES["ts"][50]

    table = frame_of(repository.load(None, "1d", start, None, ["close"], before=7))

    assert table.equals(CANDLES.filter(pl.int_range(pl.len()).over("symbol") >= 43).select("symbol", "ts", "close"))
    assert repository.load(None, "1d", start, None, ["close"], before=None).num_rows == CANDLES.height
    assert repository.load(None, "1d", start, start, ["close"], before=500).num_rows == 12 * 51


def test_no_symbol_asked_for_gives_no_rows(repository):
    table = repository.load([], "1d", None, None, ["close"])

    assert table.num_rows == 0
    assert table.schema.field("ts").type == pa.date32()


def test_what_there_is(repository):
    assert repository.symbols("1d") == CANDLES["symbol"].unique().sort().to_list()
    assert repository.span("1d") == (CANDLES["ts"].min(), CANDLES["ts"].max())
    assert repository.rows("1d") == dict.fromkeys(repository.symbols("1d"), 60)
    assert repository.columns("1d") == {
        **dict.fromkeys(["open", "high", "low", "close", "volume"], "number"),
        "sector": "text",
    }
    assert repository.health() is None


def test_a_missing_column_names_what_there_is(repository):
    with pytest.raises(
        RepositoryError, match="no column 'vwap'; its columns are: open, high, low, close, volume, sector"
    ):
        repository.load(None, "1d", None, None, ["vwap"])


def test_longer_bars_are_made(repository):
    weekly = frame_of(repository.load(None, "1w", "2015-02-02", "2015-02-13", ["open", "volume"], before=1))

    assert weekly["ts"].unique().sort().to_list() == [date(2015, 1, 26), date(2015, 2, 2), date(2015, 2, 9)]
    first = CANDLES.filter(symbol=weekly["symbol"][0]).filter(
        pl.col("ts").is_between(date(2015, 1, 26), date(2015, 1, 30))
    )
    assert weekly.row(0)[2:] == (first["open"][0], float(first["volume"].sum()))
    last = CANDLES.filter(symbol=weekly["symbol"][0]).filter(
        pl.col("ts").is_between(date(2015, 2, 9), date(2015, 2, 15))
    )
    assert weekly.row(2)[3] == float(last["volume"].sum())


def test_shorter_bars_are_refused(repository):
    with pytest.raises(RepositoryError, match="holds 1d bars; 1h is finer than those"):
        repository.load(None, "1h", None, None, ["close"])


def test_shuffled_rows_are_sorted_and_counted(tmp_path):
    shuffled = CANDLES.sample(fraction=1.0, shuffle=True, seed=1)
    for kind in (in_frame, in_file, in_database):
        folder = tmp_path / kind.__name__
        folder.mkdir()
        repository = kind(shuffled, folder)

        table = repository.load(None, "1d", None, None, ["close"])

        assert frame_of(table).equals(CANDLES.select("symbol", "ts", "close"))
        assert b"unsorted" in table.schema.metadata[b"barsweep.defects"]


def test_rows_in_order_of_time_are_no_defect():
    by_time = CANDLES.sort("ts", "symbol")

    table = FrameRepository(by_time).load(None, "1d", None, None, ["close"])

    assert frame_of(table).equals(CANDLES.select("symbol", "ts", "close"))
    assert table.schema.metadata is None


def test_a_symbol_that_ended_long_ago_has_its_bars_before_the_start(tmp_path):
    old = pl.DataFrame(
        {"symbol": "OLD", "ts": pl.date_range(date(1990, 1, 1), date(1990, 2, 1), eager=True), "close": 1.0}
    )
    frame = pl.concat([old, CANDLES.select("symbol", "ts", "close")]).sort("symbol", "ts")
    for kind in (in_frame, in_file, in_database):
        folder = tmp_path / kind.__name__
        folder.mkdir()

        table = frame_of(kind(frame, folder).load(None, "1d", CANDLES["ts"].max(), None, ["close"], before=4))

        assert table.group_by("symbol").len()["len"].unique().sort().to_list() == [4, 5]
        assert table.filter(symbol="OLD")["ts"].to_list() == [date(1990, 1, day) for day in (29, 30, 31)] + [
            date(1990, 2, 1)
        ]


def test_a_folder_of_tables_that_are_not_one_is_refused(tmp_path):
    """Rows without a time would otherwise be lost in silence."""
    row = {"symbol": ["A"], "close": [1.0]}
    pl.DataFrame({**row, "date": [date(2024, 1, 2)]}).write_parquet(tmp_path / "days.parquet")
    pl.DataFrame({**row, "ts": [datetime(2024, 1, 2)]}).write_parquet(tmp_path / "hours.parquet")

    with pytest.raises(RepositoryError, match=r"not one table: days\.parquet has date, hours\.parquet has ts"):
        ParquetRepository(tmp_path).symbols("1d")


def test_two_names_for_one_column_of_a_frame():
    frame = pl.DataFrame({"date": [date(2024, 1, 2)], "Last": [1.5]})
    repository = FrameRepository(frame, symbol="A", columns={"close": "Last", "own": "Last"})

    assert repository.load(None, "1d", None, None, ["close", "own"]).to_pylist()[0] == {
        "symbol": "A",
        "ts": date(2024, 1, 2),
        "close": 1.5,
        "own": 1.5,
    }
