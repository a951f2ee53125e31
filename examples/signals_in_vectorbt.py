"""barsweep's signals in vectorbt: an average crosses another, long only, all symbols and lengths at once.

    pip install barsweep vectorbt
    python examples/signals_in_vectorbt.py               # made-up candles
    python examples/signals_in_vectorbt.py candles.csv   # your own

A signal is known at a bar's close. `delay=1` moves it to the next bar, at whose open vectorbt is told to fill.
"""

import sys
from pathlib import Path

import vectorbt as vbt

import barsweep as bs
from barsweep.data import sample_candles

FORMULAS = {
    "entry": "param fast = 10; param slow = 30; crosses_above(sma(close, fast), sma(close, slow))",
    "exit": "param fast = 10; param slow = 30; crosses_below(sma(close, fast), sma(close, slow))",
}


def portfolio(signals: bs.Signals) -> vbt.Portfolio:
    """Trades of one share, filled at the open; a column for each symbol, of a sweep one for each point and symbol."""
    entries, exits = signals.wide("entry", "pandas"), signals.wide("exit", "pandas")
    opens, closes = signals.wide("open", "pandas"), signals.wide("close", "pandas")
    options = {"size": 1, "init_cash": 1e6, "upon_long_conflict": "exit"}
    if signals.parameters:
        times = len(signals.points)
        opens, closes = (prices.vbt.tile(times, keys=None) for prices in (opens, closes))
        opens.columns = closes.columns = entries.columns
    return vbt.Portfolio.from_signals(closes, entries=entries, exits=exits, price=opens, **options)


def main(data: object) -> None:
    """Sweep the fast length and show what each point's trades made."""
    signals = bs.signals(FORMULAS, data, parameters={"fast": [5, 10, 20]}, delay=1)
    trades = portfolio(signals).trades.records_readable
    points = trades["Column"].map(lambda column: column[0]).rename("fast")
    print(trades.groupby(points)["Return"].describe().to_string())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) == 2 else sample_candles(20, 750, seed=1))
