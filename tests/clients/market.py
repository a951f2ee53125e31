"""The market that clients trade: fifty symbols of the S&P 500.

Backtesters refuse missing prices, so each has every bar of five years. And where two averages are equal to the last
digit that prices have, the order of summing decides which is above: there either answer is right, and nobody can be
compared. The symbols where this happens are left out, and counted by the tests.
"""

import importlib.util
from pathlib import Path

import polars as pl

FAST, SLOW = 10, 30
PRICES = ["open", "high", "low", "close", "volume"]


def example_of(client):
    """The example that shows the client, as a module."""
    path = Path(__file__).parents[2] / "examples" / f"signals_in_{client}.py"
    specification = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def whole_symbols(shared_data):
    """Candles of the symbols that have every bar of five years and no null in it."""
    path = shared_data / "ohlcv" / "us_sp500_daily_2012_2017.parquet"
    frame = pl.read_parquet(path).select("symbol", "date", *PRICES).sort("symbol", "date")
    bars = pl.len().over("symbol")
    known = pl.all_horizontal(pl.col(PRICES).is_not_null()).all().over("symbol")
    return frame.filter(bars == bars.max(), known)


def tied(frame):
    """The symbols whose averages are equal at some bar, as far as floats tell."""
    fast, slow = (pl.col("close").rolling_mean(n).over("symbol") for n in (FAST, SLOW))
    return frame.filter((fast - slow).abs() < 1e-9)["symbol"].unique().sort().to_list()


def traded(shared_data, count=50):
    """AAPL and the first others of those that can be compared."""
    frame = whole_symbols(shared_data)
    symbols = frame.filter(~pl.col("symbol").is_in(tied(frame)))["symbol"].unique().sort().to_list()
    chosen = ["AAPL", *(symbol for symbol in symbols if symbol != "AAPL")][:count]
    return frame.filter(pl.col("symbol").is_in(chosen))
