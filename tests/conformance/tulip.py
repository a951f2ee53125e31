"""TulipCharts/tulipindicators: Achelis' book by hand (`atoz`), and values that its code generated."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from .cases import Case, at_the_end

SOURCE = "Tulip cases"
EMA = "tdx.ema(real, {0})"
TWICE = f"tdx.ema(bar_index >= {{0}} - 1 ? {EMA} : na, {{0}})"
THRICE = f"tdx.ema(bar_index >= 2 * {{0}} - 2 ? {TWICE} : na, {{0}})"
UP, DOWN = "talib.plus_dm(high, low, {0})", "talib.minus_dm(high, low, {0})"
DX = f"(100 * abs({UP} - {DOWN}) / ({UP} + {DOWN}))"
ADX = f"rma({DX}, {{0}})"
FAST_SLOW = "(tdx.ema(real, {0}) - tdx.ema(real, {1}))"
TREND = "value_when(hlc3 != hlc3[1], hlc3 > hlc3[1] ? 1 : -1)"
TURNS = f"nz({TREND} != {TREND}[1], defined({TREND}))"
RUN = f"(sum_since({TURNS}, high - low) + value_when({TURNS}, (high - low)[1]))"
FORCE = f"(volume * abs(2 * (high - low) / {RUN} - 1) * {TREND} * 100)"
RANGE = "({0} * rma(bar_index == 0 ? 0 : true_range(), {0}))"
LAG = "floor(({0} - 1) / 2)"
BEGUN = f"(bar_index < {LAG} - 1 ? na : bar_index < {LAG} ? real : 2 * real - real[{LAG}])"

FORMULAS: dict[str, Sequence[str]] = {
    "abs": ["abs(real)"],
    "acos": ["acos(real)"],
    "add": ["real + other"],
    "adosc": ["tdx.ema(ad(), {0}) - tdx.ema(ad(), {1})"],
    "adxr": [f"({ADX} + {ADX}[{{0}} - 1]) / 2"],
    "apo": [FAST_SLOW],
    "aroon": ["aroon({0}).down", "aroon({0}).up"],
    "asin": ["asin(real)"],
    "atan": ["atan(real)"],
    "avgprice": ["ohlc4"],
    "bbands": ["bbands(real, {0}, {1}).lower", "bbands(real, {0}, {1}).middle", "bbands(real, {0}, {1}).upper"],
    "cci": ["cci({0})"],
    "ceil": ["ceil(real)"],
    "cos": ["cos(real)"],
    "cosh": ["cosh(real)"],
    "crossover": ["crosses_above(real, other)"],
    "cvi": ["roc(tdx.ema(high - low, {0}), {0})"],
    "dema": [f"2 * {EMA} - {TWICE}"],
    "di": [f"100 * {UP} / {RANGE}", f"100 * {DOWN} / {RANGE}"],
    "dm": [UP, DOWN],
    "dx": [DX],
    "ema": [EMA],
    "emv": ["emv(1, 10000)"],
    "exp": ["exp(real)"],
    "fisher": ["fisher({0}).line", "nz(fisher({0}).trigger, 0)"],
    "fosc": ["fosc(real, {0})"],
    "kvo": [f"tdx.ema({FORCE}, {{0}}) - tdx.ema({FORCE}, {{1}})"],
    "lag": ["real[{0}]"],
    "linregintercept": ["intercept(real, {0})"],
    "linregslope": ["slope(real, {0})"],
    "log10": ["log10(real)"],
    "marketfi": ["marketfi()"],
    "max": ["highest(real, {0})"],
    "md": ["mean_deviation(real, {0})"],
    "mfi": ["mfi({0})"],
    "min": ["lowest(real, {0})"],
    "mul": ["real * other"],
    "natr": ["100 * pine.atr({0}) / close"],
    "obv": ["pine.obv()"],
    "ppo": [f"100 * {FAST_SLOW} / tdx.ema(real, {{1}})"],
    "pvi": ["pvi(close)"],
    "qstick": ["qstick({0})"],
    "roc": ["roc(real, {0}) / 100"],
    "rocr": ["rocr(real, {0})"],
    "rsi": ["rsi(real, {0})"],
    "sin": ["sin(real)"],
    "sma": ["sma(real, {0})"],
    "stddev": ["stdev(real, {0})"],
    "stoch": ["stoch_slow({0}, {1}, {2}).k", "stoch_slow({0}, {1}, {2}).d"],
    "stochrsi": ["scale_over(rsi(real, {0}), {0})"],
    "sum": ["sum(real, {0})"],
    "tan": ["tan(real)"],
    "tema": [f"3 * ({EMA} - {TWICE}) + {THRICE}"],
    "todeg": ["degrees(real)"],
    "torad": ["radians(real)"],
    "trima": ["trima(real, {0})"],
    "trix": [f"100 * (1 - {THRICE}[1] / {THRICE})"],
    "tsf": ["forecast(real, {0}, 1)"],
    "typprice": ["hlc3"],
    "var": ["variance(real, {0})"],
    "vhf": ["vhf(real, {0})"],
    "volatility": ["sqrt(252) * stdev(pct_change(real), {0})"],
    "vosc": ["100 * (sma(volume, {0}) / sma(volume, {1}) - 1)"],
    "wad": ["pine.wad()"],
    "wcprice": ["hlcc4"],
    "wilders": ["rma(real, {0})"],
    "willr": ["willr({0})"],
    "zlema": [f"adaptive({BEGUN}, 2 / ({{0}} + 1), real)"],
}
"""Indicator: a formula for each output; {0}, {1}, ... are its options."""

UNCOVERED = {
    "candles": "each case asks one pattern at one bar by a rule of its own sizes; talib.cdl* have TA-Lib's",
    "alma, cmf, ikhts of `extra`": "their arrays stand in the file without names",
}


def cases(reference: Path) -> Iterator[Case]:
    """Every output of every case whose inputs are named."""
    table = pl.read_parquet(reference / "tulip_cases.parquet").filter(pl.col("inputs_json").is_not_null())
    for row in table.iter_rows(named=True):
        columns = _columns(row)
        bars = len(next(iter(columns.values())))
        options = (row["options"] or "").split()
        outputs = json.loads(row["outputs_json"])
        names = row["output_names"].split("|")
        for formula, name, output in zip(FORMULAS[row["indicator"]], names, outputs, strict=True):
            yield Case(
                SOURCE,
                f"{row['indicator']} {row['test_file']} {row['case']}: {name}",
                "M" if row["test_file"] == "atoz" else "T",
                formula.format(*options),
                columns,
                at_the_end(output, bars),
                decimals_of(output),
            )


def _columns(row: Mapping[str, str]) -> dict[str, Sequence[float]]:
    names, arrays = row["input_names"].split("|"), json.loads(row["inputs_json"])
    found: dict[str, Sequence[float]] = {}
    for name, array in zip(names, arrays, strict=True):
        found["other" if name in found else name] = array
    return found


def decimals_of(numbers: Sequence[float]) -> int:
    """The most decimals that one of the numbers is written with."""
    return max(len(f"{number!r}".partition(".")[2].removesuffix("0")) for number in numbers)
