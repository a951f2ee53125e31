"""What is measured: one scan, 25 indicator columns, two libraries of factors, and a ranking across symbols."""

from __future__ import annotations

import csv
from itertools import islice, product
from pathlib import Path
from typing import Final

SCAN: Final = "close > sma(close, 20) and volume > 1.5 * sma(volume, 20) and rsi(close, 14) < 70"
AVERAGES: Final = {f"{name}_{n}": f"{name}(close, {n})" for name in ("sma", "ema", "wma") for n in (10, 20, 50)}
INDICATORS: Final = {
    **AVERAGES,
    "rsi_14": "rsi(close, 14)",
    "macd": "macd(close, 12, 26, 9).line",
    "macd_signal": "macd(close, 12, 26, 9).signal",
    "macd_hist": "macd(close, 12, 26, 9).hist",
    "bbands_upper": "bbands(close, 20, 2).upper",
    "bbands_lower": "bbands(close, 20, 2).lower",
    "atr_14": "atr(14)",
    "adx_14": "adx(14)",
    "stoch_k": "stoch(14, 3).k",
    "stoch_d": "stoch(14, 3).d",
    "obv": "obv()",
    "highest_252": "highest(high, 252)",
    "lowest_252": "lowest(low, 252)",
    "stdev_20": "stdev(close, 20)",
    "roc_10": "roc(close, 10)",
    "correlation_20": "correlation(close, volume, 20)",
}
RANK: Final = {"rank": "rank(close)"}
FACTORS: Final = {"alpha101": "alpha101_yli188", "alpha158": "qlib"}
"""Libraries of factors, as they were published, with the dialects that read them."""
EXPRESSIONS: Final = Path(__file__).parents[2] / "shared" / "data" / "formulas" / "factor_expressions.csv"
NUMBERS: Final = {"W1": "scan", "W2": "indicators", "W3": "alpha101", "W4": "alpha158", "W5": "rank"}
"""Workloads by the numbers that reports give them."""
MARGINS: Final = {
    "price": "close / sma(close, 20) - 1",
    "volume": "volume / (1.5 * sma(volume, 20)) - 1",
    "strength": "rsi(close, 14) / 70 - 1",
}
"""How far the scan's comparisons are from a tie: at a tie, the last bit decides, and everybody rounds differently."""
KINDS: Final = (
    "close > sma(close, {n}) and rsi(close, 14) < 30 + {n} / 10",
    "crosses_above(ema(close, {n}), ema(close, {m}))",
    "close > highest(high, {n})[1]",
    "close < bbands(close, {n}, 2).lower and volume > 2 * sma(volume, {n})",
    "crosses_below(rsi(close, {n}), 70)",
    "roc(close, {n}) > 0.1 and stdev(close, {n}) < 0.05 * close",
    "macd(close, 12, 26, 9).hist > 0 and close > wma(close, {n})",
    "atr({n}) / close > 0.05 and close > open",
    "stoch({n}, 3).k < 10 and adx(14) > 40",
    "correlation(close, volume, {n}) > 0.8",
)
"""Ordinary formulas, each of which comes in ten lengths."""


def many(count: int) -> dict[str, str]:
    """So many formulas by name, at most a hundred: first one of each kind, then the next length."""
    lengths = range(10, 60, 5)
    texts = (kind.format(n=n, m=2 * n) for n, kind in product(lengths, KINDS))
    return {f"formula {at}": text for at, text in enumerate(islice(texts, count), start=1)}


def factors(library: str) -> dict[str, str]:
    """The formulas of a library by name; none where the file that has them is missing."""
    if not EXPRESSIONS.exists():
        return {}
    with EXPRESSIONS.open(encoding="utf-8", newline="") as file:
        return {row["name"]: row["expression"] for row in csv.DictReader(file) if row["set"] == library}


def missing(workload: str) -> str:
    """Why a workload cannot run here; empty if it can."""
    lacks = workload in FACTORS and not EXPRESSIONS.exists()
    return f"its formulas are not here: {EXPRESSIONS}" if lacks else ""
