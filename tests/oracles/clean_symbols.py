"""The symbols of the S&P 500 file whose every row is whole and in order."""

import polars as pl

PRICES = ("open", "high", "low", "close", "volume")


def clean_symbols(shared_data):
    """Their candles as numbers, sorted by symbol and date."""
    frame = pl.read_parquet(shared_data / "ohlcv" / "us_sp500_daily_2012_2017.parquet").sort("symbol", "date")
    above = pl.col("low") <= pl.min_horizontal("open", "close")
    below = pl.max_horizontal("open", "close") <= pl.col("high")
    whole = [pl.col(name).is_not_null() & (pl.col(name) > 0) for name in PRICES]
    clean = pl.all_horizontal(*whole, above, below).all().over("symbol")
    return frame.filter(clean).with_columns(pl.col(name).cast(pl.Float64) for name in PRICES)
