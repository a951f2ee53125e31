"""Real candles with their defects, as the shared data's README lists them."""

from datetime import UTC, date, datetime, timedelta

import duckdb
import polars as pl
import pytest

from barsweep.data import (
    CandlePolicy,
    DuckDBRepository,
    FrameRepository,
    ParquetRepository,
    add_factor_column,
    check_candles,
    open_repository,
)

FIELDS = ["open", "high", "low", "close", "volume"]


@pytest.fixture(scope="module")
def ohlcv(shared_data):
    return shared_data / "ohlcv"


@pytest.fixture(scope="module")
def sp500(ohlcv):
    return ParquetRepository(ohlcv / "us_sp500_daily_2012_2017.parquet")


def load(repository, timeframe="1d", columns=FIELDS, **options):
    arguments = {"symbols": None, "start": None, "end": None} | options
    return repository.load(timeframe=timeframe, columns=columns, **arguments)


def frame_of(table):
    return pl.DataFrame(table)


@pytest.mark.parametrize(
    ("file", "timeframe", "symbols", "rows", "counts"),
    [
        ("us_sp500_daily_2012_2017", "1d", 503, 606_801, {"null": 790, "high_below_low": 3, "close_outside": 16}),
        ("us_wide_daily_2016_2017", "1d", 7_163, 2_534_770, {"non_positive": 1}),
        (
            "us_deep_history_daily_1962_2017",
            "1d",
            81,
            369_290,
            {"non_positive": 28, "high_below_low": 45, "close_outside": 26},
        ),
        ("us_adjclose_daily_1962_2023", "1d", 20, 190_165, {"null": 10, "non_positive": 33_537, "close_outside": 7}),
        ("us_unadjusted_daily_lean", "1d", 21, 70_025, {}),
        ("crypto_binance_1h_2020_2021", "1h", 84, 413_676, {}),
        ("crypto_binance_5m_2021", "5m", 7, 177_164, {}),
    ],
)
def test_every_symbol_lives_with_its_defects_counted(ohlcv, file, timeframe, symbols, rows, counts):
    """The README's 19 closes outside are these 16 and the 3 rows whose high is below their low."""
    repository = ParquetRepository(ohlcv / f"{file}.parquet")

    checked = check_candles(load(repository, timeframe))

    assert repository.stored.text == timeframe
    assert len(repository.symbols(timeframe)) == symbols
    assert checked.errors == {}
    assert checked.counts == counts
    assert checked.frame.height == rows


def test_a_missing_open_leaves_the_other_fields(sp500):
    raw = frame_of(load(sp500))
    checked = check_candles(raw).frame

    lost = raw.filter(pl.col("open").is_null())
    assert lost.height == 384
    assert checked["close"].equals(raw["close"])
    assert checked["open"].null_count() == 384


def test_the_rows_named_are_those_of_the_list_of_defects(sp500, ohlcv):
    listed = pl.read_csv(ohlcv / "known_defects.csv").filter(
        pl.col("file") == "us_sp500_daily_2012_2017", pl.col("kind") == "high_below_low"
    )

    errors = check_candles(load(sp500), CandlePolicy(high_below_low="error")).errors

    found = {(symbol, row) for symbol, error in errors.items() for row in error.rows}
    assert found == {(symbol, when[:10]) for symbol, when in listed.select("symbol", "when").iter_rows()}


def test_a_negative_low_is_undefined_unless_kept(ohlcv):
    table = load(ParquetRepository(ohlcv / "us_deep_history_daily_1962_2017.parquet"), columns=["low"])

    negative = frame_of(table).filter(pl.col("low") < 0)
    assert negative.height == 1
    place = negative.select("symbol", "ts")
    assert check_candles(table).frame.join(place, on=["symbol", "ts"])["low"].to_list() == [None]
    kept = check_candles(table, CandlePolicy(non_positive="keep")).frame
    assert kept.join(place, on=["symbol", "ts"])["low"].to_list() == negative["low"].to_list()


def test_a_hole_counts_rows_not_days(sp500):
    """SNI is missing for 130 days; the bar before the hole is one bar ahead of the bar after it."""
    days = frame_of(load(sp500, symbols=["SNI"], columns=["close"]))["ts"]
    after = days.filter(days.diff().dt.total_days() > 100)[0]

    ahead = frame_of(load(sp500, symbols=["SNI"], columns=["close"], start=after, end=after, before=5))

    position = days.index_of(after)
    assert ahead["ts"].to_list() == days.slice(position - 5, 6).to_list()


def test_a_colon_in_a_symbol(sp500, tmp_path):
    bars = frame_of(load(sp500, symbols=["NYSE:NBL"]))
    with duckdb.connect(str(tmp_path / "c.duckdb")) as connection:
        bars.write_parquet(tmp_path / "c.parquet")
        connection.execute(f"create table candles as select * from read_parquet('{tmp_path / 'c.parquet'}')")

    assert bars.height > 1_000
    assert frame_of(load(DuckDBRepository(tmp_path / "c.duckdb"), symbols=["NYSE:NBL"])).equals(bars)


def test_hours_made_of_five_minutes_are_the_stored_hours(ohlcv):
    """The exchange made both from one feed; the README counts the hours in which they differ."""
    five = ohlcv / "crypto_binance_5m_2021.parquet"
    full = pl.read_parquet(five).group_by("symbol", pl.col("ts").dt.truncate("1h")).len().filter(len=12)
    stored = frame_of(load(ParquetRepository(ohlcv / "crypto_binance_1h_2020_2021.parquet"), "1h"))

    made = (
        frame_of(load(ParquetRepository(five), "1h")).join(full, on=["symbol", "ts"]).join(stored, on=["symbol", "ts"])
    )

    assert made.height == 14_757
    differing = {name: made.filter((pl.col(name) / pl.col(f"{name}_right") - 1).abs() > 1e-9).height for name in FIELDS}
    assert differing == {"open": 65, "high": 8, "low": 11, "close": 0, "volume": 18}


def test_a_range_of_made_hours_is_the_range_of_all(ohlcv):
    repository = ParquetRepository(ohlcv / "crypto_binance_5m_2021.parquet")
    every = frame_of(load(repository, "4h"))
    start, end = datetime(2021, 5, 1, 9, tzinfo=UTC), datetime(2021, 5, 3, 9, tzinfo=UTC)

    part = frame_of(load(repository, "4h", start=start, end=end, before=3))

    inside = every.filter(pl.col("ts").is_between(datetime(2021, 4, 30, 20, tzinfo=UTC), end - timedelta(hours=4)))
    assert part["ts"].min() == datetime(2021, 5, 1, 0, tzinfo=UTC)
    assert part.equals(inside.filter(pl.col("ts") >= part["ts"].min()))


def test_adjusted_closes_are_the_vendors(ohlcv):
    path = ohlcv / "us_adjclose_daily_1962_2023.parquet"
    stored = pl.read_parquet(path).sort("symbol", "date")

    adjusted = frame_of(load(ParquetRepository(path, adjust="adj_close"), columns=["close", "high", "adj_close"]))

    both = adjusted.filter(pl.col("close").is_not_null())
    assert both.height >= stored.height - 11
    assert both["close"].equals(both["adj_close"].rename("close"))
    ratio = stored["high"].cast(pl.Float64) * (stored["adj_close"].cast(pl.Float64) / stored["close"].cast(pl.Float64))
    assert ((adjusted["high"] / ratio - 1).abs().max() or 0) < 1e-12


def test_factors_take_the_splits_out_of_raw_prices(ohlcv):
    raw = pl.read_parquet(ohlcv / "us_unadjusted_daily_lean.parquet")
    factors = pl.read_csv(ohlcv / "us_factor_files_lean.csv", try_parse_dates=True)
    repository = FrameRepository(add_factor_column(raw, factors), adjust="factor")
    splits = [date(2014, 6, 9), date(2020, 8, 31)]

    def moves(candles):
        bars = frame_of(load(candles, columns=["close"], symbols=["AAPL"])).with_columns(
            move=pl.col("close").pct_change()
        )
        return bars.filter(pl.col("ts").is_in(splits))["move"].abs().to_list()

    assert all(move > 0.7 for move in moves(FrameRepository(raw)))
    assert all(move < 0.05 for move in moves(repository))


def test_a_symbol_of_fifteen_thousand_bars(shared_data):
    quotes = pl.read_parquet(shared_data / "reference" / "stockindicators_quotes.parquet").filter(set="longest")
    repository = open_repository(quotes, columns={"symbol": "set", "ts": "timestamp_text"})

    last = frame_of(load(repository, columns=["close"], start=repository.span("1d")[1], before=14_999))

    assert repository.rows("1d") == {"longest": 15_821}
    assert last.height == 15_000
    assert check_candles(load(repository)).counts["unsorted"] == 15_820  # stored newest first
