"""nardew/talipp: asserted last values over its 50 bars."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from .cases import COLUMNS, Case, at_bars

SOURCE = "talipp"
ASKED = re.compile(r"ind\[(-?\d+)\]\.?(\w*)$")
CALL = re.compile(r"(\w+\(.*?)(?:, )?(?:input_values=)?self\.input_values\)$")
SPAN = "(highest(high, 14) - lowest(low, 14))"
RANGES = "atr(14) / pine.atr(14)"
STC_FIRST = "sma(100 * scale_over(ema(close, 5) - ema(close, 10), 10), 3)"
LOGS = "log(high / close) * log(high / open) + log(low / close) * log(low / open)"

FORMULAS: dict[str, dict[str, str]] = {
    "ADX(14, 14": {
        "adx": "pine.dmi(14, 14).adx",
        "plus_di": f"pine.dmi(14, 14).plus * {RANGES}",
        "minus_di": f"pine.dmi(14, 14).minus * {RANGES}",
    },
    "ALMA(9, 0.85, 6": {"": "alma(close, 9, 0.85, 6)"},
    "ATR(5": {"": "pine.atr(5)"},
    "AccuDist(": {"": "ad()"},
    "BB(5, 2": {
        "lb": "bbands(close, 5, 2).lower",
        "cb": "bbands(close, 5, 2).middle",
        "ub": "bbands(close, 5, 2).upper",
    },
    "BOP(": {"": "bop()"},
    "CHOP(14": {"": f"100 * log(sum(pine.tr(true), 14) / {SPAN}) / log(14)"},
    "ChaikinOsc(5, 7": {"": "adosc(5, 7)"},
    "CoppockCurve(11, 14, 10": {"": "coppock(close, 10, 11, 14)"},
    "DEMA(20": {"": "dema(close, 20)"},
    "DonchianChannels(5": {"lb": "donchian(5).lower", "cb": "donchian(5).middle", "ub": "donchian(5).upper"},
    "EMA(20": {"": "ema(close, 20)"},
    "ForceIndex(20": {"": "efi(20)"},
    "HMA(20": {"": "hma(close, 20)"},
    "KAMA(14, 2, 30": {"": "kama(close, 14, 2, 30)"},
    "KST(5, 5, 10, 5, 15, 5, 25, 10, 9": {
        "kst": "sma(roc(close, 5), 5) + 2 * sma(roc(close, 10), 5) + 3 * sma(roc(close, 15), 5)"
        " + 4 * sma(roc(close, 25), 10)",
        "signal": "sma(sma(roc(close, 5), 5) + 2 * sma(roc(close, 10), 5) + 3 * sma(roc(close, 15), 5)"
        " + 4 * sma(roc(close, 25), 10), 9)",
    },
    "KeltnerChannels(10, 10, 2, 3": {
        "lb": "ema(close, 10) - 3 * pine.atr(10)",
        "cb": "ema(close, 10)",
        "ub": "ema(close, 10) + 2 * pine.atr(10)",
    },
    "MACD(12, 26, 9": {
        "macd": "pine.macd(close, 12, 26, 9).macdline",
        "signal": "pine.macd(close, 12, 26, 9).signalline",
        "histogram": "pine.macd(close, 12, 26, 9).histline",
    },
    "McGinleyDynamic(14": {"": "mcginley(close, 14)"},
    "MeanDev(20": {"": "mean_deviation(close, 20)"},
    "OBV(": {"": "obv()"},
    "ParabolicSAR(0.02, 0.02, 0.2": {"value": "sar(0.02, 0.02, 0.2)"},
    "RSI(20": {"": "rsi(close, 20)"},
    "RogersSatchell(9": {"": f"sqrt(sma({LOGS}, 9))"},
    "SMA(20": {"": "sma(close, 20)"},
    "SMMA(20": {"": "rma(close, 20)"},
    "STC(5, 10, 10, 3": {"": f"sma(100 * scale_over({STC_FIRST}, 10), 3)"},
    "StdDev(20": {"": "stdev(close, 20)"},
    "StochRSI(14, 14, 3, 3": {"k": "stoch_rsi(close, 14, 14, 3, 3).k", "d": "stoch_rsi(close, 14, 14, 3, 3).d"},
    "SuperTrend(10, 3": {"value": "pine.supertrend(3, 10).line"},
    "TEMA(10": {"": "tema(close, 10)"},
    "TRIX(10": {"": "100 * trix(close, 10)"},
    "UO(3, 5, 7": {"": "ultosc(3, 5, 7)"},
    "VWAP(": {"": "cumulative(hlc3 * volume) / cumulative(volume)"},
    "VWMA(20": {"": "vwma(close, 20)"},
    "Williams(14": {"": "willr(14)"},
    "ZLEMA(20": {"": "ema(2 * close - close[10], 20)"},
}
"""Constructor call up to its input: {field: formula}."""

UNCOVERED = {
    "ParabolicSAR: trend, ep, accel_factor; SuperTrend: trend": "sides by name, and the inner state",
    "TTM": "not in the library",
    "chaining": "asks how its objects are wired",
}


def cases(reference: Path) -> Iterator[Case]:
    """Each field of each indicator at the bars that are asserted."""
    inputs = pl.read_csv(reference / "talipp_inputs.csv").filter(pl.col("set") == "OHLCV_TMPL")
    columns = {name: inputs[name].to_list() for name in COLUMNS}
    said: dict[tuple[str, str], dict[int, float]] = {}
    for row in pl.read_csv(reference / "talipp_assertions.csv", infer_schema=False).iter_rows(named=True):
        call, asked = CALL.match(row["created_as"] or ""), ASKED.match(row["expression"])
        if call and asked and asked[2] in FORMULAS.get(call[1], {}):
            bars = said.setdefault((call[1], asked[2]), {})
            bars[int(asked[1]) % inputs.height] = float(row["expected"])
    for (call_text, field), bars in said.items():
        name = f"{call_text}){f': {field}' if field else ''}"
        expected = at_bars(bars, inputs.height)
        yield Case(SOURCE, name, "T", FORMULAS[call_text][field], columns, expected, decimals=5)
