"""The workbooks of DaveSkender/Stock.Indicators: their columns, and the formula that says the same here."""

from __future__ import annotations

from .seeding import BELOW, LATE_STREAK, connors, smoothed

WAVE = "tdx.ema(ema(close, 20), 20)"
HIGHEST, LOWEST = "partial_highest_bar(high, 26)", "partial_lowest_bar(low, 26)"
TRUE_SPAN = "(highest(max(high, close[1]), 14) - lowest(min(low, close[1]), 14))"
RAW = "100 * (close - lowest(low, 9)) / (highest(high, 9) - lowest(low, 9))"
SMOOTHED = f"tdx.sma({RAW}, 3, 1)"
TREND = "(hlc3 > hlc3[1] ? 1 : -1)"
TURNS = f"({TREND} != {TREND}[1])"
RUN = f"(sum_since({TURNS}, high - low) + value_when({TURNS}, (high - low)[1]))"
VOLUME_FORCE = f"(volume * abs(2 * ((high - low) / {RUN} - 1)) * {TREND} * 100)"
MCGINLEY = "(bar_index == 0 ? close : mcginley_from(close, close[1], 0.6 * 14))"
PMO = smoothed(f"(10 * {smoothed('roc(close, 1)', 35, 35, '2 / 35')})", 20, 54, "2 / 20")
KVO = f"(ema({VOLUME_FORCE}, 34) - ema({VOLUME_FORCE}, 55))"


def pivots(n: int, offset: int) -> tuple[str, str, str]:
    """The high, the low and the close of the n bars that end `offset` bars before the bar before this one."""
    return f"highest(high, {n})[{offset + 1}]", f"lowest(low, {n})[{offset + 1}]", f"close[{offset + 1}]"


def classic(h: str, low: str, middle: str) -> dict[str, str]:
    """Standard pivots around `middle`."""
    return {
        "PP": middle,
        "S1": f"2 * {middle} - {h}",
        "S2": f"{middle} - ({h} - {low})",
        "S3": f"{low} - 2 * ({h} - {middle})",
        "R1": f"2 * {middle} - {low}",
        "R2": f"{middle} + ({h} - {low})",
        "R3": f"{h} + 2 * ({middle} - {low})",
    }


def standard_pivots(n: int, offset: int) -> dict[str, str]:
    """Around the typical price of `n` bars, `offset` bars back."""
    h, low, c = pivots(n, offset)
    return classic(h, low, f"(({h} + {low} + {c}) / 3)")


def woodie_pivots() -> dict[str, str]:
    """375 bars, 16 bars back, around the open of now."""
    h, low, _ = pivots(375, 16)
    return classic(h, low, f"(({h} + {low} + 2 * open) / 4)")


def fibonacci_pivots() -> dict[str, str]:
    """44 bars, 15 bars back."""
    h, low, c = pivots(44, 15)
    middle = f"(({h} + {low} + {c}) / 3)"
    shares = {1: 0.382, 2: 0.618, 3: 1.0}
    below = {f"S{k}": f"{middle} - {share} * ({h} - {low})" for k, share in shares.items()}
    return {"PP": middle, **below, **{f"R{k}": f"{middle} + {share} * ({h} - {low})" for k, share in shares.items()}}


def demark_pivots() -> dict[str, str]:
    """10 bars, 10 bars back, by where the close stands to the open of now."""
    h, low, c = pivots(10, 10)
    weighed = f"({c} < open ? {h} + 2 * {low} + {c} : {c} > open ? 2 * {h} + {low} + {c} : {h} + {low} + 2 * {c})"
    return {"PP": f"{weighed} / 4", "S1": f"{weighed} / 2 - {h}", "R1": f"{weighed} / 2 - {low}"}


WORKBOOKS: dict[tuple[str, str], dict[str, str]] = {
    ("Adl", "ADL"): {"mfm": "close_location()", "mfv": "close_location() * volume", "adl": "ad()"},
    ("Adx", "ADX"): {
        "TR": "true_range()",
        "+DI14": "pine.dmi(14, 14).plus",
        "-DI14": "pine.dmi(14, 14).minus",
        "ADX": "pine.dmi(14, 14).adx",
        "ADXR": "(pine.dmi(14, 14).adx + pine.dmi(14, 14).adx[13]) / 2",
    },
    ("Alma", "ALMA"): {"alma": "alma(close, 10, 0.85, 6)"},
    ("Aroon", "AROON(25)"): {
        "up": f"100 * (1 - {HIGHEST} / 25)",
        "down": f"100 * (1 - {LOWEST} / 25)",
        "osc": f"4 * ({LOWEST} - {HIGHEST})",
    },
    ("Atr", "ATR"): {"TR": "true_range()", "ATR": "atr(14)", "ATR%": "natr(14)"},
    ("Awesome", "Awesome"): {"median": "hl2", "AO": "ao(5, 34)", "Norm": "100 * ao(5, 34) / hl2"},
    ("Beta", "Beta"): {
        "mRet": "pct_change(mrkt)",
        "varM": "variance(pct_change(mrkt), 20)",
        "cov": "covariance(pct_change(eval), pct_change(mrkt), 20)",
        "beta": "beta(pct_change(eval), pct_change(mrkt), 20)",
    },
    ("BollingerBands", "Bollinger Bands"): {
        "stdev": "stdev(close, 20)",
        "sma": "sma(close, 20)",
        "upper": "bbands(close, 20, 2).upper",
        "lower": "bbands(close, 20, 2).lower",
        "%b": "bb_percent(close, 20, 2)",
        "z-score": "zscore_over(close, 20)",
        "width": "bb_width(close, 20, 2)",
    },
    ("Chop", "Choppiness Index"): {"CHOP14": f"100 * log(sum(true_range(), 14) / {TRUE_SPAN}) / log(14)"},
    ("Cmf", "CMF"): {"mfm": "close_location()", "cmf": "cmf(20)"},
    ("ConnorsRsi", "ConnorsRSI"): {
        "streak": LATE_STREAK,
        "rsi(3)": "rsi(close, 3)",
        "sRSI(2)": f"rsi({LATE_STREAK}, 2)",
        "CRSI": connors(LATE_STREAK, f"(roc(close, 1) == highest(roc(close, 1), 101) ? 1 : {BELOW})"),
    },
    ("Correlation", "Correlation"): {"corr": "correlation(mrkt, eval, 20)", "R2": "correlation(mrkt, eval, 20) ^ 2"},
    ("Doji", "Doji"): {"Hit": "abs(close / open - 1) <= 0.001"},
    ("Donchian", "Donchian"): {
        "Upper": "donchian(20).upper[1]",
        "Center": "donchian(20).middle[1]",
        "Lower": "donchian(20).lower[1]",
    },
    ("Dynamic", "Dynamic"): {"MD": MCGINLEY},
    ("ElderRay", "Elder-Ray Index"): {
        "ema": "ema(close, 13)",
        "bull": "elder_ray(13).bull",
        "bear": "elder_ray(13).bear",
    },
    ("Epma", "Endpoint Moving Average"): {
        "m": "slope(close, 20)",
        "r2": "r_squared(close, 20)",
        "stdev": "stdev(close, 20)",
        "EPMA": "linreg(close, 20)",
    },
    ("Fcb", "FCB(2)"): {"Upper": "filled(pivot_high(high, 2, 2))", "Lower": "filled(pivot_low(low, 2, 2))"},
    ("ForceIndex", "Force Index"): {"raw force": "(close - close[1]) * volume", "ema force": "efi(13)"},
    ("Fractal", "Fractal(2)"): {"Bear": "pivot_high(high, 2, 2)", "Bull": "pivot_low(low, 2, 2)"},
    ("Fractal", "Fractal(4)"): {"Bear": "pivot_high(high, 4, 4)", "Bull": "pivot_low(low, 4, 4)"},
    ("Hma", "HMA"): {"wma(n)": "wma(close, 20)", "wma(n/2)": "wma(close, 10)", "hma": "hma(close, 20)"},
    ("Ichimoku", "Ichimoku"): {
        "tenkan": "ichimoku().conversion",
        "kijun": "ichimoku().base",
        "senkouA": "ichimoku().span_a",
        "senkouB": "ichimoku().span_b",
        "chikou": "close",
    },
    ("Kvo", "KVO"): {"T": TREND, "cm": RUN, "VF": VOLUME_FORCE, "KVO": KVO, "Signal": f"ema({KVO}, 13)"},
    ("Macd", "MACD"): {
        "EMA12": "ema(close, 12)",
        "EMA26": "ema(close, 26)",
        "MACD": "pine.macd(close, 12, 26, 9).macdline",
        "Signal": "pine.macd(close, 12, 26, 9).signalline",
        "Histo": "pine.macd(close, 12, 26, 9).histline",
    },
    ("Mama", "MAMA"): {"MAMA": "mama(hl2, 0.5, 0.05).mama", "FAMA": "mama(hl2, 0.5, 0.05).fama"},
    ("Mfi", "MFI"): {"tp": "hlc3", "mf": "mfi(14)"},
    ("Obv", "OBV"): {"obv": "pine.obv()"},
    ("ParabolicSar", "Parabolic SAR"): {"sar": "sar(0.01, 0.02, 0.2)"},
    ("Pivots", "Pivots(4,4,20,HL)"): {"Hpoint": "pivot_high(high, 4, 4)", "Lpoint": "pivot_low(low, 4, 4)"},
    ("Pivots", "Issue1950"): {"Hpoint": "pivot_high(high, 2, 2)", "Lpoint": "pivot_low(low, 2, 2)"},
    ("Pmo", "PMO"): {
        "roc": "roc(close, 1)",
        "pmo": PMO,
        "signal": f"ema({PMO}, 10)",
    },
    ("Pvo", "PVO"): {
        "PVO": "pvo(12, 26, 9).line",
        "Signal": "pvo(12, 26, 9).signal",
        "Histo": "pvo(12, 26, 9).hist",
    },
    ("RollingPivots", "Standard"): standard_pivots(11, 9),
    ("RollingPivots", "Demark"): demark_pivots(),
    ("RollingPivots", "Fibonacci"): fibonacci_pivots(),
    ("RollingPivots", "Woodie"): woodie_pivots(),
    ("Rsi", "RSI"): {"RSI(14)": "rsi(close, 14)"},
    ("Sma", "SMA - Close"): {"SMA": "sma(close, 20)"},
    ("Sma", "SMA - Volume"): {"sma": "sma(volume, 20)"},
    ("Smma", "Smoothed Moving Average"): {"SMMA": "rma(close, 20)"},
    ("StarcBands", "ATR"): {
        "CENTER": "sma(close, 20)",
        "UPPER": "sma(close, 20) + 2 * atr(14)",
        "LOWER": "sma(close, 20) - 2 * atr(14)",
    },
    ("StdDev", "StdDev"): {"stddev": "stdev(close, 10)", "mean": "sma(close, 10)", "zscore": "zscore_over(close, 10)"},
    ("Stoch", "STO(14,3,3) (2)"): {
        "%K": "stoch_slow(14, 3, 3).k",
        "%D": "stoch_slow(14, 3, 3).d",
        "%J": "3 * stoch_slow(14, 3, 3).k - 2 * stoch_slow(14, 3, 3).d",
    },
    ("Stoch", "STO(9,3,3,SMMA,5,4)"): {
        "%K": SMOOTHED,
        "%D": f"tdx.sma({SMOOTHED}, 3, 1)",
        "%J": f"5 * {SMOOTHED} - 4 * tdx.sma({SMOOTHED}, 3, 1)",
    },
    ("SuperTrend", "SuperTrend(14,3)"): {
        "ATR": "atr(14)",
        "SuperTrend": "talib.supertrend(high, low, close, 14, 3).supertrend",
    },
    ("SuperTrend", "SuperTrend(10,3) with Bitcoin"): {"ATR": "atr(10)", "SuperTrend": "supertrend(10, 3).line"},
    ("Tema", "TEMA"): {
        "ema": "ema(close, 20)",
        "tema": f"3 * (ema(close, 20) - {WAVE}) + tdx.ema({WAVE}, 20)",
    },
    ("Tr", "TR"): {"TR": "true_range()"},
    ("Tsi", "TSI"): {"TSI": "tsi(close, 25, 13).line", "signal": "tsi(close, 25, 13, 7).signal"},
    ("VolatilityStop", "Volatility SAR"): {"SAR": "volatility_stop(14, 3).line"},
    ("Vortex", "Vortex Indicator"): {"VI+": "vortex(14).plus", "VI-": "vortex(14).minus"},
    ("Vwma", "VWMA(10)"): {"vwma": "vwma(close, 10)"},
    ("WilliamsR", "WilliamsR(14)"): {"%R": "willr(14)"},
}
"""(workbook, sheet): {column: formula}."""

LATE = {
    ("Fractal", "Fractal(2)"): 2,
    ("Fractal", "Fractal(4)"): 4,
    ("Pivots", "Pivots(4,4,20,HL)"): 4,
    ("Pivots", "Issue1950"): 2,
}
"""Sheets that enter a turn at its own bar: so many bars later it is known."""

ZERO_IS_NONE = {"Mama", "Fcb"}
"""Workbooks in which bars before the first value hold a 0."""

UNCOVERED = {
    "Renko": "bricks are no bars",
    "StdDevChannels": "draws the line of the last bars back over earlier ones; at its last bar it is linreg",
    "ZigZag": "draws lines back over earlier bars; zigzag tells a turn when it is known",
}
