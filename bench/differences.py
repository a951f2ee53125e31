"""Where definitions differ, by name. Nothing else is forgiven when results are compared, and the report lists these."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bench.workloads import factors

LOOSE: Final = 1e-6
SETTLED: Final = 1000
"""Bars after which two exponential means of 50 that began differently agree to the last digit."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`columns` of the `peer` are compared from a bar on, or more loosely, or not at all, because of the `reason`.

    `few` is a share of the values that may differ; `called` is what a report says in place of very many names.
    """

    peer: str
    columns: tuple[str, ...]
    reason: str
    from_bar: int = 0
    tolerance: float | None = None
    compared: bool = True
    few: float = 0.0
    called: str = ""


MOMENTS: Final = ("correlation_20", "stdev_20", "bbands_upper", "bbands_lower")
EXPONENTIAL: Final = (
    *("ema_10", "ema_20", "ema_50", "rsi_14", "macd", "macd_signal", "macd_hist", "atr_14", "adx_14", "match"),
)
WINDOWS: Final = (
    *("sma_10", "sma_20", "sma_50", "wma_10", "wma_20", "wma_50", "stoch_k", "stoch_d", "highest_252", "lowest_252"),
    *("roc_10", *MOMENTS),
)
LATE: Final = "has no value before the line drawn from it has one: macd from bar 33, stoch k from bar 15"
DIGITS: Final = "moments from running sums or from squares keep about 8 digits; compared to 1e-6"
SEEDS: Final = (
    "exponential means start with the first value, ours with the mean of the first n; compared from bar 1,000"
)
FULL: Final = 60
"""The longest window of Alpha158."""
LOADED: Final = 300
"""Bars after which the longest window of windows of the 101 alphas is full."""
ROUNDED: Final = "rounding decides ties of ranks, and what running sums leave of windows that hardly move"
WRITTEN_OTHERWISE: Final = tuple(
    f"alpha_0{number}"
    for number in (
        *("01", "03", "05", "10", "13", "15", "16", "27", "29", "31", "32", "34", "36", "38", "44", "45", "47", "50"),
        *("53", "60", "66", "72", "74", "75", "77", "78", "81", "83", "85", "88", "92", "94", "96", "98"),
    )
)
ALPHA101: Final = tuple(factors("alpha101"))
ALPHA158: Final = tuple(factors("alpha158"))

DIFFERENCES: Final = (
    Difference("TA-Lib", ("macd", "stoch_k"), LATE, from_bar=33),
    Difference("TA-Lib", MOMENTS, DIGITS, tolerance=LOOSE),
    Difference("polars_talib", ("macd", "stoch_k"), LATE, from_bar=33),
    Difference("polars_talib", MOMENTS, DIGITS, tolerance=LOOSE),
    Difference("KunQuant", MOMENTS, DIGITS, tolerance=LOOSE),
    Difference(
        "KunQuant", ALPHA158, "windows give values when they are full; compared from bar 60", from_bar=FULL, called="W4"
    ),
    Difference(
        "KunQuant", ALPHA158, f"{ROUNDED}: to 1e-6, at all but 1 of 10,000 bars", tolerance=LOOSE, few=1e-4, called="W4"
    ),
    Difference(
        "KunQuant", ALPHA101, "first bars are filled otherwise; compared from bar 300", from_bar=LOADED, called="W3"
    ),
    Difference(
        "KunQuant", ALPHA101, f"{ROUNDED}: to 1e-6, at all but 2 of 1,000 bars", tolerance=LOOSE, few=2e-3, called="W3"
    ),
    Difference(
        "KunQuant",
        ("alpha_055",),
        "running sums keep about 5 digits where ranks hardly move; compared to 1e-4",
        tolerance=1e-4,
    ),
    Difference(
        "KunQuant",
        WRITTEN_OTHERWISE,
        "its code says something else than the published text (alpha_001 without its - 0.5, alpha_010 without its"
        " rank, and so on), or ranks ties of ranks differently at more bars than that",
        compared=False,
    ),
    Difference("pandas", MOMENTS, DIGITS, tolerance=LOOSE),
    Difference("vectorbt", MOMENTS, DIGITS, tolerance=LOOSE),
    Difference("polars_ta", EXPONENTIAL, SEEDS, from_bar=SETTLED),
    Difference(
        "polars_ta",
        ("rsi_14",),
        "adds 1e-8 to a divisor, which shows where prices are small; compared to 1e-4",
        tolerance=1e-4,
    ),
    Difference(
        "polars_ta", ("rank",), "equal prices share one rank and the next follows without a gap", compared=False
    ),
    Difference("Qlib", EXPONENTIAL, SEEDS.replace("the first value", "adjusted weights"), from_bar=SETTLED),
    Difference("Qlib", WINDOWS, "windows give values before they are full; compared from bar 1,000", from_bar=SETTLED),
    Difference("Qlib", MOMENTS, DIGITS, tolerance=LOOSE),
    Difference(
        "Qlib", ALPHA158, f"{ROUNDED}: to 1e-6, at all but 1 of 10,000 bars", tolerance=LOOSE, few=1e-4, called="W4"
    ),
    Difference("Qlib", ("obv",), "starts with 0 instead of the first volume", compared=False),
)


def of(peer: str) -> list[Difference]:
    """What is known about a peer."""
    return [each for each in DIFFERENCES if f"{peer} ".startswith(f"{each.peer} ")]


def first_bars(known: Iterable[Difference]) -> dict[str, int]:
    """The bar from which a column is compared, where that is not the first."""
    return {name: each.from_bar for each in known if each.from_bar for name in each.columns}


def exceptions(known: Iterable[Difference]) -> dict[str, float]:
    """The share of a column's values that may differ, where that is not none."""
    return {name: each.few for each in known if each.few for name in each.columns}


def tolerances(known: Iterable[Difference]) -> dict[str, float]:
    """How closely a column is compared, where that is not 1e-9; infinity where it is not."""
    loose = {name: each.tolerance for each in known if each.tolerance is not None for name in each.columns}
    return {**loose, **{name: float("inf") for each in known if not each.compared for name in each.columns}}
