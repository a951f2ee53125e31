"""barsweep's signals in backtesting.py: an average crosses another, long only, one share, filled at the next open.

    pip install barsweep backtesting
    python examples/signals_in_backtesting_py.py                    # made-up candles
    python examples/signals_in_backtesting_py.py candles.csv AAPL   # your own

backtesting.py fills an order at the open of the bar after, so the signals are not delayed here.
"""

import sys
from pathlib import Path

import pandas as pd
from backtesting import Backtest, Strategy

import barsweep as bs
from barsweep.data import sample_candles

FORMULAS = {
    "entry": "crosses_above(sma(close, 10), sma(close, 30))",
    "exit": "crosses_below(sma(close, 10), sma(close, 30))",
}
CANDLE = ["open", "high", "low", "close", "volume"]


class Signalled(Strategy):
    """Buys where `entry` is true, sells where `exit` is."""

    def init(self) -> None:
        """Nothing: the signals are columns of the data."""

    def next(self) -> None:
        """Decide after each bar."""
        if self.position and self.data.exit[-1]:
            self.position.close()
        elif not self.position and self.data.entry[-1] and not self.data.exit[-1]:
            self.buy(size=1)


def bars_of(signals: bs.Signals, symbol: str) -> pd.DataFrame:
    """A symbol's candles and signals as backtesting.py wants them: Open, High, ... over an index of dates.

    It takes no missing prices: each is the last one that there was.
    """
    frame = signals.of(symbol, candles=True).to_pandas().set_index("ts").ffill().dropna()
    frame.index = pd.DatetimeIndex(frame.index)
    return frame.rename(columns={name: name.capitalize() for name in CANDLE})


def backtest(bars: pd.DataFrame) -> pd.Series:
    """The results of backtesting.py; `_trades` of it has the trades."""
    return Backtest(bars, Signalled, cash=1e6, finalize_trades=True).run()


def main(data: object, symbols: list[str] | None = None) -> None:
    """Run it for the first symbol that has signals, and show the trades."""
    signals = bs.signals(FORMULAS, data, symbols=symbols)
    symbol = signals.symbols[0]
    results = backtest(bars_of(signals, symbol))
    print(results["_trades"][["EntryTime", "ExitTime", "EntryPrice", "ExitPrice", "ReturnPct"]].to_string())
    print(f"{symbol}: {len(results['_trades'])} trades, {results['Win Rate [%]']:.1f} % of them won")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        main(Path(sys.argv[1]), [sys.argv[2]])
    else:
        main(sample_candles(5, 1000, seed=1))
