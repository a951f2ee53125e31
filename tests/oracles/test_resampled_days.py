"""Four hours, days and weeks made by timeframe() of real crypto candles, against those that pandas makes."""

import pandas as pd
import polars as pl
import pytest

import barsweep as bs

FIELDS = ("open", "high", "low", "close", "volume")
RULES = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}


def by_pandas(candles, rule, zone):
    """The longer bars by the moment at which they are over; a symbol's first only where the data begin with it."""
    parts = []
    for symbol, rows in candles.to_pandas().groupby("symbol"):
        local = rows.set_index(rows["ts"].dt.tz_convert(zone))
        made = local.resample(rule, label="left", closed="left").agg(RULES)
        begun = local.index[0]
        made = made[made["close"].notna() & (made.index >= begun)]
        ends = made.index + pd.tseries.frequencies.to_offset(rule)
        parts.append(made.assign(symbol=symbol, known=ends.tz_convert("UTC")))
    return pl.from_pandas(pd.concat(parts).reset_index(drop=True)).with_columns(
        pl.col("known").cast(pl.Datetime("us", "UTC"))
    )


@pytest.mark.parametrize(
    ("file", "own", "target", "rule", "zone"),
    [
        ("crypto_binance_5m_2021.parquet", "5m", "1h", "1h", "UTC"),
        ("crypto_binance_5m_2021.parquet", "5m", "4h", "4h", "UTC"),
        ("crypto_binance_5m_2021.parquet", "5m", "1d", "1D", "UTC"),
        ("crypto_binance_1h_2020_2021.parquet", "1h", "4h", "4h", "UTC"),
        ("crypto_binance_1h_2020_2021.parquet", "1h", "1d", "1D", "UTC"),
        ("crypto_binance_1h_2020_2021.parquet", "1h", "1d", "1D", "America/New_York"),
    ],
)
def test_longer_bars_are_those_of_pandas(shared_data, file, own, target, rule, zone):
    """At every bar the latest one that was over by then, days of 23 and 25 hours among them."""
    candles = pl.read_parquet(shared_data / "ohlcv" / file).select("symbol", "ts", *FIELDS)
    repository = bs.FrameRepository(candles, tz=zone, timeframe=own)

    made = bs.evaluate({name: f'timeframe("{target}", {name})' for name in FIELDS}, repository, timeframe=own)

    expected = by_pandas(candles, rule, zone)
    known = made.select("symbol", known=pl.col("ts").dt.offset_by(own).cast(pl.Datetime("us", "UTC")))
    joined = known.join_asof(expected, on="known", by="symbol", check_sortedness=False)
    for name in FIELDS:
        near = (made[name] - joined[name]).abs() <= 1e-9 * joined[name].abs()
        wrong = ~near.fill_null(value=False) & (made[name].is_not_null() | joined[name].is_not_null())
        assert wrong.sum() == 0, name
    assert made["close"].count() > 0.9 * made.height
