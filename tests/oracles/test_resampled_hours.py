"""Hours made of five-minute bars by timeframe(), against the exchange's own hourly bars."""

import polars as pl

import barsweep as bs


def test_hours_made_of_five_minutes_are_the_exchanges_hours(shared_data):
    """Of the hours with all twelve bars, all but the few that the data's README counts (65/8/11/0/18)."""
    fives = pl.read_parquet(shared_data / "ohlcv" / "crypto_binance_5m_2021.parquet")
    hours = pl.read_parquet(shared_data / "ohlcv" / "crypto_binance_1h_2020_2021.parquet")
    fields = ("open", "high", "low", "close", "volume")
    hour = pl.col("ts").dt.truncate("1h")
    full = fives.group_by("symbol", hour.alias("hour")).len().filter(pl.col("len") == 12)

    made = bs.evaluate({name: f'timeframe("1h", {name})' for name in fields}, fives)

    at_end = made.filter(pl.col("ts").dt.minute() == 55).with_columns(hour.alias("hour"))
    stored = hours.select("symbol", pl.col("ts").alias("hour"), *(pl.col(name).alias(f"{name}_1h") for name in fields))
    both = at_end.join(full, on=["symbol", "hour"]).join(stored, on=["symbol", "hour"])
    gaps = {name: (pl.col(name) - pl.col(f"{name}_1h")).abs() > 1e-9 * pl.col(f"{name}_1h").abs() for name in fields}
    differ = [both.filter(gap).height for gap in gaps.values()]
    assert both.height == 14_757
    assert differ == [65, 8, 11, 0, 18]
