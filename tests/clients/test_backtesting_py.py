"""The same strategy through our signals and computed by hand in backtesting.py: the same trades."""

import pandas as pd
import polars as pl
import pytest
from clients.market import FAST, SLOW, example_of, tied, traded, whole_symbols

import barsweep as bs

pytest.importorskip("backtesting")
from backtesting import Backtest, Strategy
from backtesting.lib import crossover

pytestmark = pytest.mark.filterwarnings("ignore:DatetimeIndex.dayofweek is deprecated")  # of its own use of pandas


@pytest.fixture(scope="module")
def example():
    return example_of("backtesting_py")


@pytest.fixture(scope="module")
def candles(shared_data):
    return traded(shared_data)


def average(values, n):
    return pd.Series(values).rolling(n).mean()


class ByHand(Strategy):
    """Averages of pandas, crossings of backtesting.py."""

    def init(self):
        self.fast = self.I(average, self.data.Close, FAST)
        self.slow = self.I(average, self.data.Close, SLOW)

    def next(self):
        if self.position and crossover(self.slow, self.fast):
            self.position.close()
        elif not self.position and crossover(self.fast, self.slow):
            self.buy(size=1)


def trades(results):
    return results["_trades"][["EntryTime", "ExitTime", "EntryPrice", "ExitPrice", "Size"]].reset_index(drop=True)


def by_hand(bars):
    prices = bars[["Open", "High", "Low", "Close", "Volume"]]
    return trades(Backtest(prices, ByHand, cash=1e6, finalize_trades=True).run())


def test_fifty_symbols_have_the_trades_of_a_strategy_by_hand(example, candles):
    signals = bs.signals(example.FORMULAS, candles)
    count = 0

    assert len(signals.symbols) == 50
    assert "AAPL" in signals.symbols
    for symbol in signals.symbols:
        bars = example.bars_of(signals, symbol)
        ours = trades(example.backtest(bars))
        pd.testing.assert_frame_equal(ours, by_hand(bars))
        count += len(ours)
    assert count == 1165


def test_trades_differ_at_equal_averages_alone(example, shared_data):
    """Of the symbols with every bar, those left out above: each signal that differs stands at a tie, or just after."""
    frame = whole_symbols(shared_data)
    names = tied(frame)
    assert (frame["symbol"].n_unique(), len(names)) == (98, 15)

    signals = bs.signals(example.FORMULAS, frame, symbols=names)
    different = 0
    for symbol in names:
        bars = example.bars_of(signals, symbol)
        gap = average(bars["Close"], FAST) - average(bars["Close"], SLOW)
        gap.index = bars.index
        tie = gap.abs() < 1e-9
        theirs = {"entry": (gap.shift() < 0) & (gap > 0), "exit": (gap.shift() > 0) & (gap < 0)}
        for name, hand in theirs.items():
            assert not ((bars[name] != hand) & ~tie & ~tie.shift(fill_value=False)).any()
        different += not trades(example.backtest(bars)).equals(by_hand(bars))
    assert different == 13


@pytest.mark.parametrize("symbol", ["AAPL", "AMZN"])
def test_trades_are_the_positions(example, candles, symbol):
    """Also where entry and exit are true at one bar: a position is on between its order and the one that ends it."""
    formulas = {"entry": "close > sma(close, 5)", "exit": "mod(bar_index, 7) == 0 or close < lowest(close, 3)[1]"}
    signals = bs.signals(formulas, candles, symbols=[symbol])

    found = trades(example.backtest(example.bars_of(signals, symbol)))

    bars = signals.positions.with_columns(
        filled=pl.col("ts").shift(-1), before=pl.col("position").shift(1, fill_value=0)
    ).filter(pl.col("position") != pl.col("before"), pl.col("filled").is_not_null())
    opened = bars.filter(pl.col("position") == 1)["filled"].to_list()
    closed = bars.filter(pl.col("position") == 0)["filled"].to_list()
    both = signals.frame["entry"] & signals.frame["exit"]
    assert both.sum() > 20
    assert [day.date() for day in found["EntryTime"]] == opened
    assert [day.date() for day in found["ExitTime"]][: len(closed)] == closed
    assert len(opened) > 100


def test_the_example_runs(example, capsys):
    example.main(example.sample_candles(5, 300, seed=1))

    assert "trades" in capsys.readouterr().out
