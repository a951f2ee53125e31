"""The same strategy through our signals and computed by hand in vectorbt: the same trades.

`make clients` runs this where vectorbt is, in an environment of its own.
"""

import pandas as pd
import polars as pl
import pytest
from clients.market import FAST, SLOW, example_of, traded

import barsweep as bs

vbt = pytest.importorskip("vectorbt", reason="make clients runs it in an environment of its own")
pytestmark = pytest.mark.filterwarnings("ignore")  # of vectorbt's and numba's own


@pytest.fixture(scope="module")
def example():
    return example_of("vectorbt")


@pytest.fixture(scope="module")
def candles(shared_data):
    return traded(shared_data)


def matrix(candles, name):
    wide = candles.pivot(on="symbol", index="date", values=name).sort("date").to_pandas().set_index("date")
    return wide.set_index(pd.DatetimeIndex(wide.index).as_unit("us")).sort_index(axis=1)


def trades(portfolio):
    """Of each symbol: bars of entry and exit, prices, size, and whether it is over."""
    found = portfolio.trades.records_readable
    symbol = found["Column"].map(lambda column: column[-1] if isinstance(column, tuple) else column)
    columns = ["Entry Timestamp", "Exit Timestamp", "Avg Entry Price", "Avg Exit Price", "Size", "Direction", "Status"]
    made = found[columns].assign(symbol=symbol)
    return made.sort_values(["symbol", "Entry Timestamp"]).reset_index(drop=True)


def by_hand(candles, fast=FAST, slow=SLOW, delay=1, price="open"):
    """Averages and crossings of vectorbt's own, its signals moved by its own shift."""
    close = matrix(candles, "close")
    short, long = vbt.MA.run(close, fast), vbt.MA.run(close, slow)
    entries, exits = short.ma_crossed_above(long), short.ma_crossed_below(long)
    entries.columns = exits.columns = close.columns
    entries, exits = (each.shift(delay, fill_value=False) for each in (entries, exits))
    options = {"price": matrix(candles, price), "size": 1, "init_cash": 1e6}
    return trades(vbt.Portfolio.from_signals(close, entries=entries, exits=exits, **options))


def test_fifty_symbols_have_the_trades_of_a_strategy_by_hand(example, candles):
    signals = bs.signals(example.FORMULAS, candles, delay=1)

    ours = trades(example.portfolio(signals))

    assert ours["symbol"].nunique() == 50
    assert len(ours) == 1165
    pd.testing.assert_frame_equal(ours, by_hand(candles))


def test_apple_has_the_trades_of_a_strategy_by_hand(example, candles):
    apple = candles.filter(pl.col("symbol") == "AAPL")
    signals = bs.signals(example.FORMULAS, apple, delay=1)

    ours = trades(example.portfolio(signals))

    assert len(ours) == 25
    pd.testing.assert_frame_equal(ours, by_hand(apple))


def test_fills_at_the_close_need_no_delay(candles):
    formulas = {
        "entry": "crosses_above(sma(close, 10), sma(close, 30))",
        "exit": "crosses_below(sma(close, 10), sma(close, 30))",
    }
    signals = bs.signals(formulas, candles)
    names = ("entry", "exit", "close")
    entries, exits, close = (signals.wide(name, "pandas") for name in names)

    ours = trades(vbt.Portfolio.from_signals(close, entries=entries, exits=exits, size=1, init_cash=1e6))

    pd.testing.assert_frame_equal(ours, by_hand(candles, delay=0, price="close"))


def test_a_sweep_has_the_trades_of_each_point(example, candles):
    apple = candles.filter(pl.col("symbol").is_in(["AAPL", "AMZN"]))
    signals = bs.signals(example.FORMULAS, apple, parameters={"fast": [5, 10]}, delay=1)

    found = example.portfolio(signals).trades.records_readable

    for place, fast in enumerate([5, 10]):
        chosen = found[[column[0] == fast for column in found["Column"]]]
        hand = by_hand(apple, fast=fast)
        assert len(chosen) == len(hand) > 20, place
        assert sorted(chosen["Entry Timestamp"]) == sorted(hand["Entry Timestamp"])
        assert sorted(chosen["Exit Timestamp"]) == sorted(hand["Exit Timestamp"])


def test_positions_are_what_its_orders_hold(candles):
    """Both sides, entries and exits at the same bars: orders for our positions leave it holding just these."""
    formulas = {
        "entry": "close > highest(high, 10)[1]",
        "exit": "mod(bar_index, 7) == 0",
        "short_entry": "close < lowest(low, 10)[1]",
        "short_exit": "mod(bar_index, 5) == 0",
    }
    signals = bs.signals(formulas, candles, delay=1)
    position, opens, close = (signals.wide(name, "pandas") for name in ("position", "open", "close"))

    portfolio = vbt.Portfolio.from_orders(close, size=position, size_type="targetamount", price=opens, init_cash=1e6)

    assert (portfolio.assets() == position).all(axis=None)
    assert set(position.stack().unique()) == {-1, 0, 1}


def test_the_example_runs(example, capsys):
    example.main(example.sample_candles(5, 300, seed=1))

    assert "mean" in capsys.readouterr().out
