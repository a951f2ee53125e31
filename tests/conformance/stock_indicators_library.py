"""DaveSkender/Stock.Indicators: the baselines of its own library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from .cases import COLUMNS, Case, values
from .seeding import connors
from .stock_indicators_sheets import HIGHEST, KVO, LOWEST, MCGINLEY, PMO, TRUE_SPAN, WAVE, standard_pivots

SOURCE = "Stock.Indicators library"
PIVOTS = {name.lower(): formula for name, formula in standard_pivots(20, 0).items()}
STREAK = "(bar_index == 0 ? 0 : streak(close))"
FALLS = " + ".join(f"(100 * (close[{k}] / highest(close[{k}], {14 - k}) - 1)) ^ 2" for k in range(14))
HA_OPEN = "adaptive(bar_index == 0 ? (open + close) / 2 : ohlc4[1], 0.5, (open + close) / 2)"
RETURNS = ("pct_change(other)", "pct_change(close)")

BASELINES: dict[str, dict[str, str]] = {
    "adl": {
        "adl": "ad()",
        "moneyFlowMultiplier": "close_location()",
        "moneyFlowVolume": "close_location() * volume",
    },
    "adx": {
        "pdi": "pine.dmi(14, 14).plus",
        "mdi": "pine.dmi(14, 14).minus",
        "dx": "100 * abs(pine.dmi(14, 14).plus - pine.dmi(14, 14).minus) / "
        "(pine.dmi(14, 14).plus + pine.dmi(14, 14).minus)",
        "adx": "pine.dmi(14, 14).adx",
        "adxr": "(pine.dmi(14, 14).adx + pine.dmi(14, 14).adx[14]) / 2",
    },
    "alma": {"alma": "alma(close, 9, 0.85, 6)"},
    "aroon": {
        "aroonUp": f"100 * (1 - {HIGHEST} / 25)",
        "aroonDown": f"100 * (1 - {LOWEST} / 25)",
        "oscillator": f"4 * ({LOWEST} - {HIGHEST})",
    },
    "atr": {"tr": "true_range()", "atr": "atr(14)", "atrp": "natr(14)"},
    "awesome": {"oscillator": "ao(5, 34)", "normalized": "100 * ao(5, 34) / hl2"},
    "bb": {
        "sma": "sma(close, 20)",
        "upperBand": "bbands(close, 20, 2).upper",
        "lowerBand": "bbands(close, 20, 2).lower",
        "percentB": "bb_percent(close, 20, 2)",
        "zScore": "zscore_over(close, 20)",
        "width": "bb_width(close, 20, 2)",
    },
    "beta": {
        "beta": f"beta({RETURNS[0]}, {RETURNS[1]}, 50)",
        "returnsEval": RETURNS[0],
        "returnsMrkt": RETURNS[1],
    },
    "cci": {"cci": "cci(20)"},
    "chaikin-osc": {
        "adl": "ad()",
        "fastEma": "ema(ad(), 3)",
        "slowEma": "ema(ad(), 10)",
        "oscillator": "adosc(3, 10)",
    },
    "chop": {"chop": f"100 * log(sum(true_range(), 14) / {TRUE_SPAN}) / log(14)"},
    "cmf": {"cmf": "cmf(20)"},
    "corr": {
        "varianceA": "variance(other, 20)",
        "varianceB": "variance(close, 20)",
        "covariance": "covariance(other, close, 20)",
        "correlation": "correlation(other, close, 20)",
        "rSquared": "correlation(other, close, 20) ^ 2",
    },
    "crsi": {
        "streak": STREAK,
        "rsi": "rsi(close, 3)",
        "rsiStreak": f"rsi({STREAK}, 2)",
        "connorsRsi": connors(STREAK),
    },
    "donchian": {
        "upperBand": "donchian(20).upper[1]",
        "centerline": "donchian(20).middle[1]",
        "lowerBand": "donchian(20).lower[1]",
        "width": "((donchian(20).upper - donchian(20).lower) / donchian(20).middle)[1]",
    },
    "dynamic": {"dynamic": MCGINLEY},
    "elder-ray": {"ema": "ema(close, 13)", "bullPower": "elder_ray(13).bull", "bearPower": "elder_ray(13).bear"},
    "epma": {"epma": "linreg(close, 10)"},
    "fcb": {"upperBand": "filled(pivot_high(high, 2, 2))", "lowerBand": "filled(pivot_low(low, 2, 2))"},
    "force": {"forceIndex": "efi(2)"},
    "fractal": {"fractalBear": "pivot_high(high, 2, 2)", "fractalBull": "pivot_low(low, 2, 2)"},
    "heikinashi": {
        "open": HA_OPEN,
        "high": f"max(high, {HA_OPEN}, ohlc4)",
        "low": f"min(low, {HA_OPEN}, ohlc4)",
        "close": "ohlc4",
    },
    "hma": {"hma": "hma(close, 14)"},
    "ichimoku": {
        "tenkanSen": "ichimoku().conversion",
        "kijunSen": "ichimoku().base",
        "senkouSpanA": "ichimoku().span_a",
        "senkouSpanB": "ichimoku().span_b",
        "chikouSpan": "close",
    },
    "keltner": {
        "upperBand": "ema(close, 20) + 2 * atr(10)",
        "centerline": "ema(close, 20)",
        "lowerBand": "ema(close, 20) - 2 * atr(10)",
        "width": "4 * atr(10) / ema(close, 20)",
    },
    "kvo": {"oscillator": KVO, "signal": f"ema({KVO}, 13)"},
    "macd": {
        "macd": "pine.macd(close, 12, 26, 9).macdline",
        "signal": "pine.macd(close, 12, 26, 9).signalline",
        "histogram": "pine.macd(close, 12, 26, 9).histline",
        "fastEma": "ema(close, 12)",
        "slowEma": "ema(close, 26)",
    },
    "mama": {"mama": "mama(hl2, 0.5, 0.05).mama", "fama": "mama(hl2, 0.5, 0.05).fama"},
    "mfi": {"mfi": "mfi(14)"},
    "obv": {"obv": "pine.obv()"},
    "pivots": {"highPoint": "pivot_high(high, 2, 2)", "lowPoint": "pivot_low(low, 2, 2)"},
    "pmo": {"pmo": PMO, "signal": f"ema({PMO}, 10)"},
    "psar": {"sar": "sar(0.02, 0.02, 0.2)"},
    "pvo": {
        "pvo": "pvo(12, 26, 9).line",
        "signal": "pvo(12, 26, 9).signal",
        "histogram": "pvo(12, 26, 9).hist",
    },
    "roc-wb": {"roc": "roc(close, 20)", "rocEma": "ema(roc(close, 20), 5)"},
    "rolling-pivots": PIVOTS,
    "rsi": {"rsi": "rsi(close, 14)"},
    "sma-analysis": {"mad": "mean_deviation(close, 20)", "sma": "sma(close, 20)"},
    "sma": {"sma": "sma(close, 20)"},
    "smma": {"smma": "rma(close, 20)"},
    "starc": {
        "upperBand": "sma(close, 5) + 2 * atr(10)",
        "centerline": "sma(close, 5)",
        "lowerBand": "sma(close, 5) - 2 * atr(10)",
    },
    "stdev": {"stdDev": "stdev(close, 14)", "mean": "sma(close, 14)", "zScore": "zscore_over(close, 14)"},
    "stoch": {
        "oscillator": "stoch_slow(14, 3, 3).k",
        "signal": "stoch_slow(14, 3, 3).d",
        "percentJ": "3 * stoch_slow(14, 3, 3).k - 2 * stoch_slow(14, 3, 3).d",
    },
    "supertrend": {"superTrend": "talib.supertrend(high, low, close, 10, 3).supertrend"},
    "tema": {"tema": f"3 * (ema(close, 20) - {WAVE}) + tdx.ema({WAVE}, 20)"},
    "tr": {"tr": "true_range()"},
    "tsi": {"tsi": "tsi(close, 25, 13).line", "signal": "tsi(close, 25, 13, 7).signal"},
    "ulcer": {"ulcerIndex": f"sqrt(({FALLS}) / 14)"},
    "vol-stop": {"sar": "volatility_stop(7, 3).line"},
    "vortex": {"pvi": "vortex(14).plus", "nvi": "vortex(14).minus"},
    "vwma": {"vwma": "vwma(close, 14)"},
    "willr": {"williamsR": "willr(14)"},
}
"""Case without `.standard`: {field: formula}; `other` is the close of the second asset."""

LATE = {("fractal", "fractalBear"): 2, ("fractal", "fractalBull"): 2, ("ichimoku", "chikouSpan"): 26}
LATE |= {("pivots", "highPoint"): 2, ("pivots", "lowPoint"): 2}
"""Fields that are entered at a bar before they are known: so many bars before."""

UNCOVERED = {
    "doji": "a share of the price, as in the workbook; the baseline holds codes",
    "hurst": "not in the library",
    "renko": "bricks are no bars",
    "stdev-channels": "draws the line of the last bars back over earlier ones; at its last bar it is linreg",
    "zigzag, zigzag-close": "draw lines back over earlier bars; zigzag tells a turn when it is known",
}


def cases(reference: Path) -> Iterator[Case]:
    """Every field of the baselines that a formula stands for."""
    said = pl.read_parquet(reference / "stockindicators_library_baselines.parquet")
    quotes = pl.read_parquet(reference / "stockindicators_quotes.parquet")
    default, other = (quotes.filter(pl.col("set") == name) for name in ("default", "compare"))
    columns = {name: default[name].to_list() for name in COLUMNS} | {"other": other["close"].to_list()}
    for name, formulas in BASELINES.items():
        own = said.filter(pl.col("case") == f"{name}.standard")
        table = own.pivot("field", index="row", values="value", aggregate_function="first").sort("row")
        for field, formula in formulas.items():
            late = LATE.get((name, field), 0)
            yield Case(SOURCE, f"{name}: {field}", "T", formula, columns, values(table[field]), late=late)
