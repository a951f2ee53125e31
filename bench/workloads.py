"""What is measured: one scan, a table of 25 indicator columns, and a ranking across symbols."""

from __future__ import annotations

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
WORKLOADS: Final = ("scan", "indicators", "rank")
MARGINS: Final = {
    "price": "close / sma(close, 20) - 1",
    "volume": "volume / (1.5 * sma(volume, 20)) - 1",
    "strength": "rsi(close, 14) / 70 - 1",
}
"""How far the scan's comparisons are from a tie: at a tie, the last bit decides, and everybody rounds differently."""
