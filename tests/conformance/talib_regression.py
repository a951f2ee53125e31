"""TA-Lib's own regression tests: single values over its 252 daily bars."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from .cases import COLUMNS, Case, at_bars

SOURCE = "TA-Lib regression cases"

WITHIN = 0.01
"""What TA-Lib's tests allow: the values were read off other programs and cut."""

Fields = Mapping[str, str]
FORMULAS: dict[str, tuple[str, ...]] = {
    "TA_HT_TRENDMODE_TEST": ("talib.ht_trendmode(hl2)",),
    "TA_HT_DCPHASE_TEST": ("talib.ht_dcphase(hl2)",),
    "TA_HT_DCPERIOD_TEST": ("talib.ht_dcperiod(hl2)",),
    "TA_HT_PHASOR_TEST": ("talib.ht_phasor(hl2).inphase", "talib.ht_phasor(hl2).quadrature"),
    "TST_MINUS_DI": ("talib.minus_di(high, low, close, {n})",),
    "TST_PLUS_DI": ("talib.plus_di(high, low, close, {n})",),
    "TST_MINUS_DM": ("talib.minus_dm(high, low, {n})",),
    "TST_PLUS_DM": ("talib.plus_dm(high, low, {n})",),
    "TST_DX": ("talib.dx(high, low, close, {n})",),
    "TST_ADX": ("talib.adx(high, low, close, {n})",),
    "TST_ADXR": ("talib.adxr(high, low, close, {n})",),
    "test_avgdev.c": ("talib.avgdev(close, {n})",),
    "test_imi.c": ("talib.imi(open, close, {n})",),
    "TA_ANY_MA_TEST": ("talib.{kind}(close, {n})",),
    "TA_MAMA_TEST": ("talib.mama(hl2, 0.5, 0.05).mama",),
    "TA_FAMA_TEST": ("talib.mama(hl2, 0.5, 0.05).fama",),
    "TA_MAX_TEST": ("talib.max(open, {n})",),
    "TA_MINMAX_TEST": ("talib.min(open, {n})", "talib.max(open, {n})"),
    "TA_MOM_TEST": ("talib.mom(close, {n})",),
    "TA_ROC_TEST": ("talib.roc(close, {n})",),
    "TA_ROCR100_TEST": ("talib.rocr100(close, {n})",),
    "TA_TRIX_TEST": ("talib.trix(close, {n})",),
    "TA_CORREL_TEST": ("talib.correl(high, low, {n})",),
    "TA_AROON_UP_TEST": ("talib.aroon(high, low, {n}).aroonup",),
    "TA_AROON_DOWN_TEST": ("talib.aroon(high, low, {n}).aroondown",),
    "TA_ULTOSC_TEST": ("talib.ultosc(high, low, close, {a}, {b}, {c})",),
    "TA_WILLR_TEST": ("talib.willr(high, low, close, {a})",),
    "TA_CCI_TEST": ("talib.cci(high, low, close, {a})",),
    "TA_AD_TEST": ("talib.ad()",),
    "TA_ADOSC_5_2_TEST": ("talib.adosc(high, low, close, volume, 5, 2)",),
    "TA_BOP_TEST": ("talib.bop()",),
    "TA_RSI_TEST": ("talib.rsi(close, {n})",),
    "TEST_STOCH": (
        "talib.stoch(high, low, close, {p0}, {p1}, 0, {p2}, 0).slowk",
        "talib.stoch(high, low, close, {p0}, {p1}, 0, {p2}, 0).slowd",
    ),
    "TEST_STOCHRSI": (
        "talib.stochrsi(close, {p0}, {p1}, {p2}, 0).fastk",
        "talib.stochrsi(close, {p0}, {p1}, {p2}, 0).fastd",
    ),
}
"""Test: a formula for each output; the names in braces are the case's parameters."""

LEFT_OUT = {"test_sar.c", "TA_MAXINDEX_TEST", "TA_MINMAXINDEX_TEST"}
UNCOVERED = {
    "cases that begin late": "ask how a recursion begins at a bar in the middle, or with an unstable period",
    "cases of bad ranges and of Metastock's seeds": "ask for error codes or for a seed that TA-Lib has as a switch",
    "TA_MAXINDEX_TEST, TA_MINMAXINDEX_TEST": "name a price where the answer is an index",
    "the second value of TA_TRIX_TEST for a bar": "belongs to a seed that the case does not name",
    "test_sar.c": "its bars, Wilder's own, are not in the shared data",
}


def cases(reference: Path) -> Iterator[Case]:
    """The values of each function with each set of parameters."""
    candles = pl.read_csv(reference / "talib_regtest_input.csv")
    columns = {name: candles[name].to_list() for name in COLUMNS}
    said: dict[str, dict[int, float]] = {}
    for row in pl.read_csv(reference / "talib_regtest_cases.csv", infer_schema=False).iter_rows(named=True):
        fields = json.loads(row["fields_json"])
        test = row["function"] or fields.get("id") or fields.get("testId") or row["file"]
        if test in LEFT_OUT or not _whole(fields):
            continue
        for formula, (index, value) in zip(_formulas(test, fields), _expected(fields), strict=False):
            said.setdefault(formula, {}).setdefault(index, value)  # said twice: see UNCOVERED
    for formula, bars in said.items():
        yield Case(SOURCE, formula, "T", formula, columns, at_bars(bars, candles.height), within=WITHIN)


def _whole(fields: Fields) -> bool:
    """Whether the case runs over all bars with TA-Lib's plain seeds."""
    return (
        fields["startIdx"] == "0"
        and fields.get("unstablePeriod", "0") == "0"
        and fields.get("compatibility", "DEFAULT").endswith("DEFAULT")
        and fields["expectedRetCode"] == "TA_SUCCESS"
        and fields["expectedNbElement"] != "0"
    )


def _formulas(test: str, fields: Fields) -> tuple[str, ...]:
    if test == "test_po.c":
        function = "ppo" if fields["doPercentage"] == "1" else "apo"
        fast, slow = sorted(int(fields[name]) for name in ("optInFastPeriod", "optInSlowPeriod"))
        kind = {"SMA": 0, "EMA": 1}[fields["optInMethod_2"].removeprefix("TA_MAType_")]
        return (f"talib.{function}(close, {fast}, {slow}, {kind})",)
    if test == "test_trange.c":
        average = "atr(high, low, close, {n})" if fields["doAverage"] == "1" else "trange(high, low, close)"
        return (f"talib.{average}".format(n=fields["optInTimePeriod"]),)
    names = {"a": "optInTimePeriod1", "b": "optInTimePeriod2", "c": "optInTimePeriod3", "n": "optInTimePeriod"}
    names |= {f"p{number}": f"optInPeriod_{number}" for number in range(3)}
    given = {short: fields.get(name, "") for short, name in names.items()}
    kind_name = fields.get("optInMAType_1", "").removeprefix("TA_MAType_").lower()
    if kind_name == "mama":
        return FORMULAS["TA_FAMA_TEST" if test == "TA_FAMA_TEST" else "TA_MAMA_TEST"]
    return tuple(formula.format(**given, kind=kind_name) for formula in FORMULAS[test])


def _expected(fields: Fields) -> list[tuple[int, float]]:
    """(bar, value) of each output that the case asserts."""
    begin, index, value = int(fields["expectedBegIdx"]), "oneOfTheExpectedOutRealIndex", "oneOfTheExpectedOutReal"
    suffixes = [suffix for suffix in ("", "0", "1") if f"{index}{suffix}" in fields]
    return [(begin + int(fields[f"{index}{suffix}"]), float(fields[f"{value}{suffix}"])) for suffix in suffixes]
