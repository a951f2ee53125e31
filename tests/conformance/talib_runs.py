"""TA-Lib 0.8 at its default parameters, run over three symbols of the S&P 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from talib import abstract

from .cases import COLUMNS, Case, Values, values

SOURCE = "TA-Lib runs"
SYMBOLS = ("AAPL", "INTC", "MSFT")
SERIES = {"real": "close", "real0": "high", "real1": "low"}

SCALES = {
    **dict.fromkeys(
        ["AC", "AO", "APO", "DPO", "ERI", "HT_PHASOR", "LINEARREG_SLOPE", "MACD", "MACDEXT", "MACDFIX"], 100
    ),
    **dict.fromkeys(["CCI", "CMO", "COPPOCK", "FOSC", "KDJ", "MFI", "PPO", "STOCH", "STOCHF", "STOCHRSI"], 100),
    **dict.fromkeys(["AVGDEV", "BETA", "CMF", "HT_SINE", "QSTICK", "STDDEV", "VAR"], 1),
    "ADOSC": 1e9,
    "HT_DCPHASE": 360,
    "LINEARREG_ANGLE": 180,
}
"""The size of the terms, where an output is a difference of larger ones."""

UNCOVERED = {"ASIN": "takes numbers from -1 to 1: of prices TA-Lib has no value at any bar"}


def cases(reference: Path) -> Iterator[Case]:
    """Every output of every function, symbol by symbol."""
    stored = pl.read_parquet(reference / "talib_on_sp500.parquet").sort("symbol", "date")
    prices = pl.read_parquet(reference.parent / "ohlcv" / "us_sp500_daily_2012_2017.parquet").sort("symbol", "date")
    listed = pl.read_csv(reference / "talib_on_sp500_functions.csv").iter_rows(named=True)
    candles = {symbol: prices.filter(pl.col("symbol") == symbol) for symbol in SYMBOLS}
    said = stored.partition_by("symbol", "function", "output", as_dict=True)
    for row in listed:
        if row["function"] in UNCOVERED:
            continue
        outputs = row["outputs"].split("|")
        for output in outputs:
            formula = f"talib.{row['function'].lower()}({_arguments(row)})"
            formula += f".{output}" if len(outputs) > 1 else ""
            for symbol in SYMBOLS:
                columns = {name: candles[symbol][name].to_list() for name in COLUMNS}
                expected = _known(row["function"], values(said[symbol, row["function"], output]["value"]))
                scale = float(SCALES.get(row["function"], 0))
                yield Case(SOURCE, f"{row['function']}: {output}", "R", formula, columns, expected, scale=scale)


def _arguments(row: dict[str, str]) -> str:
    """Named as in TA-Lib; a series that has a name of its own stays the default one."""
    given = json.loads(row["parameters"].replace("'", '"'))
    return ", ".join(f"{name}={value:g}" for name, value in given.items())


def _known(function: str, said: Values) -> Values:
    """Outputs of whole numbers hold 0 before their first value."""
    bars = np.arange(len(said))
    return np.where((bars < abstract.Function(function).lookback) & (said == 0), np.nan, said)
