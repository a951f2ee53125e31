"""DaveSkender/Stock.Indicators: its workbooks, worked by hand, and the baselines of its own library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from .cases import COLUMNS, Case, values

WORKBOOKS = {
    ("Adl", "ADL"): {"mfm": "close_location()", "adl": "ad()"},
    ("Adx", "ADX"): {"TR": "true_range()", "+DI14": "pine.dmi(14, 14).plus", "ADX": "pine.dmi(14, 14).adx"},
    ("Alma", "ALMA"): {"alma": "alma(close, 10, 0.85, 6)"},
    ("Aroon", "AROON(25)"): {"up": "aroon(25).up", "down": "aroon(25).down", "osc": "aroon(25).oscillator"},
    ("Atr", "ATR"): {"TR": "true_range()", "ATR": "atr(14)", "ATR%": "natr(14)"},
    ("Awesome", "Awesome"): {"AO": "ao(5, 34)", "Norm": "100 * ao(5, 34) / hl2"},
    ("BollingerBands", "Bollinger Bands"): {
        "stdev": "stdev(close, 20)",
        "sma": "sma(close, 20)",
        "upper": "bbands(close, 20, 2).upper",
        "lower": "bbands(close, 20, 2).lower",
        "%b": "bb_percent(close, 20, 2)",
        "z-score": "zscore_over(close, 20)",
        "width": "bb_width(close, 20, 2)",
    },
    ("Chop", "Choppiness Index"): {"CHOP14": "choppiness(14)"},
    ("Cmf", "CMF"): {"cmf": "cmf(20)"},
    ("ConnorsRsi", "ConnorsRSI"): {"rsi(3)": "rsi(close, 3)", "CRSI": "connors_rsi(close, 3, 2, 100)"},
    ("Donchian", "Donchian"): {
        "Upper": "donchian(20).upper[1]",
        "Center": "donchian(20).middle[1]",
        "Lower": "donchian(20).lower[1]",
    },
    ("Dynamic", "Dynamic"): {"MD": "mcginley(close, 14)"},
    ("ElderRay", "Elder-Ray Index"): {
        "ema": "ema(close, 13)",
        "bull": "elder_ray(13).bull",
        "bear": "elder_ray(13).bear",
    },
    ("Epma", "Endpoint Moving Average"): {"EPMA": "linreg(close, 20)"},
    ("ForceIndex", "Force Index"): {"raw force": "(close - close[1]) * volume", "ema force": "efi(13)"},
    ("Hma", "HMA"): {"hma": "hma(close, 20)"},
    ("Ichimoku", "Ichimoku"): {
        "tenkan": "ichimoku().conversion",
        "kijun": "ichimoku().base",
        "senkouA": "ichimoku().span_a",
        "senkouB": "ichimoku().span_b",
    },
    ("Macd", "MACD"): {
        "MACD": "pine.macd(close, 12, 26, 9).macdline",
        "Signal": "pine.macd(close, 12, 26, 9).signalline",
        "Histo": "pine.macd(close, 12, 26, 9).histline",
    },
    ("Mama", "MAMA"): {"MAMA": "mama(hl2, 0.5, 0.05).mama", "FAMA": "mama(hl2, 0.5, 0.05).fama"},
    ("Mfi", "MFI"): {"mf": "mfi(14)"},
    ("Obv", "OBV"): {"obv": "pine.obv()"},
    ("ParabolicSar", "Parabolic SAR"): {"sar": "sar(0.02, 0.02, 0.2)"},
    ("Pvo", "PVO"): {
        "PVO": "pvo(12, 26, 9).line",
        "Signal": "pvo(12, 26, 9).signal",
        "Histo": "pvo(12, 26, 9).hist",
    },
    ("Rsi", "RSI"): {"RSI(14)": "rsi(close, 14)"},
    ("Sma", "SMA - Close"): {"SMA": "sma(close, 20)"},
    ("Sma", "SMA - Volume"): {"sma": "sma(volume, 20)"},
    ("Smma", "Smoothed Moving Average"): {"SMMA": "rma(close, 20)"},
    ("StdDev", "StdDev"): {"stddev": "stdev(close, 10)", "mean": "sma(close, 10)", "zscore": "zscore_over(close, 10)"},
    ("Stoch", "STO(14,3,3) (2)"): {"%K": "stoch_slow(14, 3, 3).k", "%D": "stoch_slow(14, 3, 3).d"},
    ("Tema", "TEMA"): {"ema": "ema(close, 20)", "tema": "tema(close, 20)"},
    ("Tr", "TR"): {"TR": "true_range()"},
    ("Tsi", "TSI"): {"TSI": "tsi(close, 25, 13).line", "signal": "tsi(close, 25, 13, 7).signal"},
    ("Vortex", "Vortex Indicator"): {"VI+": "vortex(14).plus", "VI-": "vortex(14).minus"},
    ("Vwma", "VWMA(10)"): {"vwma": "vwma(close, 10)"},
    ("WilliamsR", "WilliamsR(14)"): {"%R": "willr(14)"},
    ("SuperTrend", "SuperTrend(14,3)"): {"SuperTrend": "supertrend(14, 3).line"},
    ("SuperTrend", "SuperTrend(10,3) with Bitcoin"): {"SuperTrend": "supertrend(10, 3).line"},
    ("Correlation", "Correlation"): {"corr": "correlation(mrkt, eval, 20)", "R2": "correlation(mrkt, eval, 20) ^ 2"},
    ("Beta", "Beta"): {"beta": "beta(mrkt, eval, 20)"},
}
"""Sheets and their columns, with the formula that says the same here."""


def cases(reference: Path) -> Iterator[Case]:
    """Every column of the workbooks that a formula stands for."""
    cells = pl.read_parquet(reference / "stockindicators_excel_calc.parquet")
    quotes = pl.read_parquet(reference / "stockindicators_quotes.parquet").filter(pl.col("set") == "default")
    for (workbook, sheet), formulas in WORKBOOKS.items():
        own = cells.filter((pl.col("workbook") == workbook) & (pl.col("sheet") == sheet))
        table = own.pivot("column", index="row", values="value", aggregate_function="first").sort("row")
        columns = {name: table[name].to_list() for name in (*COLUMNS, "mrkt", "eval") if name in table.columns}
        missing = [name for name in COLUMNS if name not in columns]
        if quotes.height == table.height:
            columns |= {name: quotes[name].to_list() for name in missing}
        for column, formula in formulas.items():
            yield Case("Stock.Indicators workbook", f"{workbook}: {column}", "M", formula, columns, values(table[column]))
