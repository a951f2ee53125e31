"""Columns of any kind, wrapped in any way: the values are those of plain ones, or the kind is refused by name."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from stored_as import stored_as

import barsweep as bs
from barsweep.data import open_repository
from barsweep.errors import FormulaError, RepositoryError

FORMULAS = {"mean": "sma(close, 3)", "range": "atr(3)", "volume": "volume"}
PRICES = ("open", "high", "low", "close")


@pytest.fixture(scope="module")
def real(shared_data):
    """Prices in whole cents, so that every kind of column can hold them."""
    table = pl.read_parquet(shared_data / "ohlcv" / "us_sp500_daily_2012_2017.parquet").rename({"date": "ts"})
    chosen = table.filter(pl.col("symbol").is_in(["AAPL", "EBAY"])).group_by("symbol", maintain_order=True).tail(150)
    return chosen.with_columns(pl.col(PRICES).round(2)).select("symbol", "ts", *PRICES, "volume")


@pytest.fixture(scope="module")
def plain(real):
    return bs.evaluate(FORMULAS, real)


@pytest.mark.parametrize("kind", ["frame", "parquet", "duckdb"])
@pytest.mark.parametrize("dtype", [pl.Decimal(12, 2), pl.String, pl.Categorical], ids=str)
def test_prices_of_any_kind(real, plain, dtype, kind, tmp_path):
    prices = [pl.col(name).cast(pl.String).cast(dtype) for name in PRICES]

    source = stored_as[kind](real.with_columns(prices), tmp_path)

    assert bs.evaluate(FORMULAS, source).equals(plain)


@pytest.mark.parametrize("kind", list(stored_as))
@pytest.mark.parametrize("dtype", [pl.Int16, pl.UInt64, pl.Float32], ids=str)
def test_whole_numbers_of_any_kind(real, dtype, kind, tmp_path):
    whole = real.with_columns(pl.col(PRICES).round(0))

    source = stored_as[kind](whole.cast(dict.fromkeys(PRICES, dtype)), tmp_path)

    assert bs.evaluate(FORMULAS, source).equals(bs.evaluate(FORMULAS, whole))


def in_chunks(table, size=70):
    return pa.concat_tables(
        [table.slice(begin, size) for begin in range(0, table.num_rows, size)] + [table.slice(0, 0)]
    )


def with_symbols(table, kind):
    return table.set_column(0, "symbol", kind(pa.array(table["symbol"].to_pylist())))


def ends_of_runs(array):
    """The array as runs: one for each symbol."""
    values = array.to_pylist()
    ends = [place + 1 for place in range(len(values)) if values[place : place + 1] != values[place + 1 : place + 2]]
    return pa.RunEndEncodedArray.from_arrays(pa.array(ends, pa.int32()), pa.array([values[end - 1] for end in ends]))


WRAPPED = {
    "chunks": in_chunks,
    "dictionary": lambda table: with_symbols(table, lambda names: names.dictionary_encode()),
    "dictionaries of chunks": lambda table: in_chunks(with_symbols(table, lambda names: names.dictionary_encode())),
    "dictionary of int8": lambda table: with_symbols(
        table, lambda names: names.dictionary_encode().cast(pa.dictionary(pa.int8(), pa.large_string()))
    ),
    "large string": lambda table: with_symbols(table, lambda names: names.cast(pa.large_string())),
    "string view": lambda table: with_symbols(table, lambda names: names.cast(pa.string_view())),
    "bytes": lambda table: with_symbols(table, lambda names: names.cast(pa.binary())),
    "runs": lambda table: with_symbols(table, ends_of_runs),
    "decimal256": lambda table: table.set_column(5, "close", table["close"].cast(pa.decimal256(50, 2))),
    "prices in a dictionary": lambda table: table.set_column(
        5, "close", table["close"].cast(pa.string()).combine_chunks().dictionary_encode()
    ),
    "reader": lambda table: table.to_reader(),
    "record batch": lambda table: table.combine_chunks().to_batches()[0],
    "pandas": lambda table: pl.DataFrame(table).to_pandas(use_pyarrow_extension_array=True),
    "lazy": lambda table: pl.DataFrame(table).lazy(),
}


@pytest.mark.parametrize("name", list(WRAPPED))
def test_wrapped_in_any_way(real, plain, name):
    assert bs.evaluate(FORMULAS, WRAPPED[name](real.to_arrow())).equals(plain)


def test_chunks_with_dictionaries_of_their_own(real, plain):
    """Number 0 is another symbol in each."""
    parts = [real.filter(symbol=name).to_arrow() for name in ("EBAY", "AAPL")]
    coded = [pa.array(part["symbol"].to_pylist()).dictionary_encode() for part in parts]

    table = pa.concat_tables([part.drop(["symbol"]) for part in parts])

    assert bs.evaluate(FORMULAS, table.append_column("symbol", pa.chunked_array(coded))).equals(plain)


EXTRA = {
    "int8": pl.lit(1, pl.Int8),
    "decimal": pl.lit(Decimal("1.5")),
    "text": pl.lit("x"),
    "truth": pl.lit(value=True),
    "date": pl.lit(date(2020, 1, 1)),
    "moment": pl.lit(datetime(2020, 1, 1)),
    "clock": pl.lit(time(1)),
    "length": pl.lit(timedelta(1)),
    "many": pl.lit([1, 2]),
    "pair": pl.lit([1, 2]).cast(pl.Array(pl.Int64, 2)),
    "both": pl.struct("open", "close"),
    "nothing": pl.lit(None),
    "bytes": pl.lit(b"x"),
    "category": pl.lit("a").cast(pl.Categorical),
    "one of": pl.lit("a").cast(pl.Enum(["a"])),
}
NAMED = {"int8": "number", "decimal": "number", "text": "text", "truth": "boolean", "nothing": "number"}
NAMED |= {"category": "text", "one of": "text"}


@pytest.mark.parametrize("kind", ["frame", "parquet", "store"])
def test_further_columns_of_every_kind_do_no_harm(real, plain, kind, tmp_path):
    source = stored_as[kind](real.with_columns(**EXTRA), tmp_path)

    assert bs.evaluate(FORMULAS, source).equals(plain)
    columns = open_repository(source).columns("1d")
    assert {name: of for name, of in columns.items() if name in EXTRA} == NAMED


def test_objects_do_no_harm(real, plain):
    assert bs.evaluate(FORMULAS, real.with_columns(pl.Series("note", [object()] * real.height))).equals(plain)


def test_further_columns_of_every_kind_of_duckdb_do_no_harm(real, plain, tmp_path):
    path = stored_as["duckdb"](real, tmp_path)
    kinds = (
        "uuid() as a, [1] as b, {'x': 1} as c, interval 1 day as d, 'x'::blob as e, time '01:00' as f, map{'x': 1} g,"
        " '101'::bit as h, 'a'::enum('a') as i, 1::uhugeint as j, 1.5::decimal(38, 3) as k, union_value(n := 1) as l,"
        " null as m, '1'::json as n, timestamptz '2024-01-01' as o"
    )
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create or replace table candles as select *, {kinds} from candles")

    assert bs.evaluate(FORMULAS, path).equals(plain)


KINDS_THAT_ARE_NO_NUMBERS = {
    "Boolean": pl.col("close") > 25,
    "Date": pl.col("ts"),
    "Duration": pl.duration(days=pl.col("volume")),
    "List": pl.concat_list("close"),
    "Struct": pl.struct("close"),
    "Binary": pl.lit(b"x"),
}


@pytest.mark.parametrize("kind", ["frame", "parquet"])
@pytest.mark.parametrize("what", list(KINDS_THAT_ARE_NO_NUMBERS))
def test_a_close_that_is_no_number_is_refused_before_anything_is_read(real, what, kind, tmp_path):
    """True was taken for 1, and a date for the days since 1970."""
    source = stored_as[kind](real.with_columns(close=KINDS_THAT_ARE_NO_NUMBERS[what]), tmp_path)

    message = rf"the column for 'close' holds {what}.*, which is no number; say which column it is: columns="
    with pytest.raises(RepositoryError, match=message):
        bs.evaluate("close", source)
    with pytest.raises(RepositoryError, match=message):
        bs.scan('table("own", close) > 1', real, tables={"own": source})
    assert bs.evaluate("open", source).height == real.height


def test_an_interval_for_a_close_is_refused(real, tmp_path):
    path = stored_as["duckdb"](real, tmp_path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create or replace table candles as select * replace (interval 1 day as close) from candles")

    with pytest.raises(RepositoryError, match="the column for 'close' holds Duration"):
        bs.evaluate("close", path)


@pytest.mark.parametrize("kind", ["frame", "parquet", "duckdb", "csv"])
def test_text_that_is_no_number_fails_its_symbol_alone(real, plain, kind, tmp_path):
    odd = pl.when((pl.col("symbol") == "AAPL") & (pl.col("ts") == date(2017, 8, 1))).then(pl.lit("n.a."))
    table = real.with_columns(close=odd.otherwise(pl.col("close").cast(pl.String)))

    found = bs.scan("close > 0", stored_as[kind](table, tmp_path))

    assert "close of AAPL at 2017-08-01 is no number: 'n.a.'" in str(found.errors["AAPL"])
    assert found["EBAY"].matches.frame.height == 150


@pytest.mark.parametrize("kind", ["frame", "store"])
@pytest.mark.parametrize("name", [*PRICES, "volume"])
def test_a_missing_column_is_told_by_name(real, name, kind, tmp_path):
    source = stored_as[kind](real.drop(name), tmp_path)

    with pytest.raises(FormulaError, match=f"the candles have no column '{name}'"):
        bs.evaluate(f"{name} * 2", source)
    assert bs.evaluate("bar_index", source).height == real.height


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pa.table([[1.0], [2.0]], names=["close", "close"]), "the Table cannot be read: .*close"),
        (pl.DataFrame({"date": [1], "close": ["x"]}).to_pandas().assign(close=[{"x"}]), "date|close"),
    ],
    ids=["two columns of a name", "sets"],
)
def test_tables_that_cannot_be_read(table, message):
    with pytest.raises(RepositoryError, match=message):
        bs.evaluate("close", table)


def test_two_columns_of_a_name_in_a_file(tmp_path):
    """The second one was left out, whichever was meant."""
    (tmp_path / "c.csv").write_text("date,close,close\n2024-01-02,1,2\n")

    with pytest.raises(RepositoryError, match=r"c\.csv has 2 columns called 'close'; rename all but one"):
        bs.evaluate("close", tmp_path / "c.csv")
