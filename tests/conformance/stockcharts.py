"""The spreadsheets of StockCharts' ChartSchool, as bukosabino/ta keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from .cases import COLUMNS, Case, Values, values
from .seeding import smoothed

SOURCE = "StockCharts sheets"
LONG, SHORT = "tdx.ema(close, 26)", "tdx.ema(close, 12)"
PPO = f"(100 * ({SHORT} / {LONG} - 1))"
PVO = "(100 * (tdx.ema(volume, 12) / tdx.ema(volume, 26) - 1))"
MOMENTUM = "(close - close[1])"


def in_range(x: str) -> str:
    """Where `x` lies in its range of up to 10 bars, in percent; 0 without a range."""
    least, most = f"partial_lowest({x}, 10)", f"partial_highest({x}, 10)"
    return f"nz(100 * ({x} - {least}) / ({most} - {least}), 0)"


STC_LINE = "(tdx.ema(close, 23) - tdx.ema(close, 50))"
STC_FIRST = f"tdx.ema({in_range(STC_LINE)}, 3)"
TWICE = smoothed(smoothed(MOMENTUM, 25, 25, 0.07692), 13, 37, 0.1428)
TWICE_ABSOLUTE = smoothed(smoothed(f"abs({MOMENTUM})", 25, 25, 0.07692), 13, 37, 0.1428)

SHEETS: dict[str, dict[str, str]] = {
    "accum": {"MF Multiplier": "close_location()", "MF Value": "close_location() * volume", "ADLine": "ad()"},
    "adx": {
        "TR": "true_range()",
        "TR14": "14 * rma(true_range(), 14)",
        "+DI14": "pine.dmi(14, 14).plus",
        "-DI14": "pine.dmi(14, 14).minus",
        "ADX": "pine.dmi(14, 14).adx",
    },
    "atr2": {"TR": "pine.tr(true)", "ATR": "pine.atr(10)"},
    "bbands": {
        "MiddleBand": "bbands(close, 20, 2).middle",
        "20-day Standard Deviation": "stdev(close, 20)",
        "HighBand": "bbands(close, 20, 2).upper",
        "LowBand": "bbands(close, 20, 2).lower",
        "WidthBand": "100 * bb_width(close, 20, 2)",
        "PercentageBand": "bb_percent(close, 20, 2)",
    },
    "dc": {
        "upper_band": "donchian(20).upper",
        "lower_band": "donchian(20).lower",
        "middle_band": "donchian(20).middle",
        "dc_band_width": "100 * (donchian(20).upper - donchian(20).lower) / sma(close, 20)",
    },
    "dc2": {"upper_band": "donchian(20).upper[1]", "lower_band": "donchian(20).lower[1]"},
    "fi": {"FI_1": "(close - close[1]) * volume", "FI": "tdx.ema((close - close[1]) * volume, 13)"},
    "kama": {"ER": "efficiency_ratio(close, 10)", "KAMA": "kama(close, 10, 2, 30)"},
    "macd": {
        "short_ema": SHORT,
        "long_ema": LONG,
        "MACD_line": f"{SHORT} - {LONG}",
        "MACD_signal": f"tdx.ema({SHORT} - {LONG}, 9)",
        "MACD_diff": f"{SHORT} - {LONG} - tdx.ema({SHORT} - {LONG}, 9)",
    },
    "mfi": {"Typical Price": "hlc3", "MFI": "mfi(14)"},
    "percentr": {
        "Highest High (14)": "highest(high, 14)",
        "Lowest Low (14)": "lowest(low, 14)",
        "Williams_%R": "willr(14)",
    },
    "ppo": {
        "12 day EMA": SHORT,
        "26 day EMA": LONG,
        "PPO": PPO,
        "PPO_Signal_Line": f"tdx.ema({PPO}, 9)",
        "PPO_Histogram": f"{PPO} - tdx.ema({PPO}, 9)",
    },
    "pvo": {"PVO": PVO, "PVO_Signal_Line": f"tdx.ema({PVO}, 9)", "PVO_Histogram": f"{PVO} - tdx.ema({PVO}, 9)"},
    "roc": {"ROC": "roc(close, 12)"},
    "soo": {"SO": "stoch(14, 3).k", "SO_SIG": "stoch(14, 3).d"},
    "stc": {
        "short_ema": "tdx.ema(close, 23)",
        "long_ema": "tdx.ema(close, 50)",
        "_stoch_d": STC_FIRST,
        "stc": f"tdx.ema({in_range(STC_FIRST)}, 3)",
    },
    "tsi": {
        "25-period EMA Mo": smoothed(MOMENTUM, 25, 25, 0.07692),
        "13-Period EMA of EMA": TWICE,
        "TSI": f"100 * {TWICE} / {TWICE_ABSOLUTE}",
    },
    "ui": {
        "max_price": "partial_highest(close, 14)",
        "ulcer_index": "sqrt(partial_mean((100 * (close / partial_highest(close, 14) - 1)) ^ 2, 14))",
    },
    "vortex": {
        "+VM": "abs(high - low[1])",
        "-VM": "abs(low - high[1])",
        "TR": "true_range()",
        "+VI14": "vortex(14).plus",
        "-VI14": "vortex(14).minus",
    },
    "vpt": {
        "pct_change": "pct_change(close)",
        "pct_change x Volume": "pct_change(close) * volume",
        "unsmoothed vpt": "pvt()",
        "14-smoothed vpt": "sma(pvt(), 14)",
    },
    "wma": {"WMA": "wma(close, 9)"},
}
"""File without `cs-`: {column: formula}."""

UNCOVERED = {
    "bbands: CrossUp, CrossDown": "say on which side of a band the close lies: a comparison",
    "inner columns": "running sums that a formula has no name for",
}


def cases(reference: Path) -> Iterator[Case]:
    """Every column that a formula stands for."""
    cells = pl.read_parquet(reference / "stockcharts_sheets.parquet")
    for sheet, formulas in SHEETS.items():
        own = cells.filter(pl.col("file") == f"cs-{sheet}.csv")
        table = own.pivot("column", index="row", values="value", aggregate_function="first").sort("row")
        columns = {name.lower(): table[name].to_list() for name in table.columns if name.lower() in COLUMNS}
        for column, formula in formulas.items():
            expected = _said(table[column])
            yield Case(SOURCE, f"{sheet}: {column}", "M", formula, columns, expected, _decimals(table[column]))


def _said(column: pl.Series) -> Values:
    """The sheet of the average true range fills bars before its first value with 0."""
    return values(None if number == 0 and column.name == "ATR" else number for number in column)


def _decimals(column: pl.Series) -> int:
    """The most decimals that one of the numbers is written with."""
    return max(len(f"{number!r}".partition(".")[2].removesuffix("0")) for number in column.drop_nulls())
