"""Faults put into real candles: for each what becomes of the symbol, and that no other one's values change by a bit.

What a fault means is told by other rows: those that the faulty ones are as good as. A NaN is as good as a null, a row
without a time as good as none. Both are evaluated, and every bar has to be the same. Each fault is a symbol of its own;
all stand in one table, beside symbols without fault.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache

import polars as pl
import pytest
from stored_as import stored_as

import barsweep as bs

FORMULAS = {
    "mean": "sma(close, 20)",
    "strength": "rsi(close, 14)",
    "range": "atr(14)",
    "spread": "stdev(volume, 10)",
    "gap": "open - close[1]",
    "above": "close > highest(high, 10)[1]",
}
EXECUTORS = {"frame": ("tiles", "polars")}  # what reaches them is the same from every source
FIELDS = ("open", "high", "low", "close", "volume")
NAN, INF = float("nan"), float("inf")
HIT = pl.int_range(pl.len()) % 50 == 30
LAST = pl.int_range(pl.len()) == pl.len() - 1


@dataclass(frozen=True)
class Fault:
    """`put` makes a symbol's rows faulty; they are as good as those that `like` makes.

    `counts` is what is found, and `error` what the symbol's error says, if it has one. A table that was imported into a
    store has `lost` before what no store keeps.
    """

    put: object
    like: object = None
    counts: object = None
    error: str | None = None
    lost: tuple = ()


def at(name, value, hit=HIT):
    return lambda rows: rows.with_columns(pl.when(hit).then(pl.lit(value)).otherwise(pl.col(name)).alias(name))


def both(*changes):
    def change(rows):
        for each in changes:
            rows = each(rows)
        return rows

    return change


def same(rows):
    return rows


def without(hit):
    return lambda rows: rows.filter(~hit)


def swapped(rows):
    high, low = (pl.when(HIT).then(other).otherwise(own) for own, other in (("high", "low"), ("low", "high")))
    return rows.with_columns(high=high, low=low)


def twice(rows):
    return pl.concat([rows, rows.gather([5, 9, 9])]).sort("ts", maintain_order=True)


PUT_INTO_FIELDS = {
    f"{what} in {name}": Fault(at(name, value), at(name, None), {kind: 6})
    for name in FIELDS
    for what, kind, value in (("null", "null", None), ("nan", "nan", NAN), ("infinity", "infinite", INF))
}
PRICES_THAT_ARE_NONE = {
    f"{what} {name}": Fault(at(name, value), at(name, None), {"non_positive": 6})
    for name in FIELDS
    for what, value in (("zero", 0.0), ("negative", -5.0))
    if (name, what) != ("volume", "zero")
}
IN_FIELDS = PUT_INTO_FIELDS | {
    **PRICES_THAT_ARE_NONE,
    "minus infinity in close": Fault(at("close", -INF), at("close", None), {"infinite": 6}),
    "no volume traded": Fault(at("volume", 0.0), at("volume", 0.0), {}),
    "high below low": Fault(swapped, both(at("high", None), at("low", None)), {"high_below_low": 6}),
    "1e300 in close": Fault(at("close", 1e300), at("close", 1e300), {"close_outside": 6}),
    "1e-300 in close": Fault(at("close", 1e-300), at("close", 1e-300), {"close_outside": 6}),
    "1e300 in volume": Fault(at("volume", 1e300), at("volume", 1e300), {}),
    "one row": Fault(lambda rows: rows.head(1), lambda rows: rows.head(1), {}),
    "no row": Fault(lambda rows: rows.clear(), lambda rows: rows.clear(), {}),
    "a day far ahead": Fault(at("ts", date(9999, 12, 31), LAST), at("ts", date(9999, 12, 31), LAST), {}),
    "rows twice": Fault(twice, None, {"duplicate_ts": 3}, "more than one row for a ts: 3 at "),
}
IN_PLACES = {
    "rows without a time": Fault(at("ts", None), without(HIT), {"null": 6}, lost=("null",)),
    "rows without a symbol": Fault(at("symbol", None), without(HIT), {}),
    "rows in the wrong order": Fault(lambda rows: rows.reverse(), same, {"unsorted": 299}, lost=("unsorted",)),
    "one row stored late": Fault(
        lambda rows: pl.concat([rows.gather(range(1, 300)), rows.head(1)]), same, {"unsorted": 1}, lost=("unsorted",)
    ),
}
TABLES = {"in fields": IN_FIELDS, "in places": IN_PLACES}


@pytest.fixture(scope="module")
def real(shared_data):
    table = pl.read_parquet(shared_data / "ohlcv" / "us_sp500_daily_2012_2017.parquet").rename({"date": "ts"})
    chosen = table.filter(pl.col("symbol").is_in(["AAPL", "CSCO", "EBAY"])).cast({"volume": pl.Float64})
    return chosen.group_by("symbol", maintain_order=True).tail(300).select("symbol", "ts", *FIELDS)


def together(real, changes):
    """A symbol for each change of the rows of one, named after it, beside symbols as they are; in order of names."""
    rows = real.filter(symbol="CSCO")
    changed = [
        change(rows.with_columns(symbol=pl.lit(name))).select(real.columns) for name, change in sorted(changes.items())
    ]
    return pl.concat([real, *changed])


@pytest.fixture(scope="module")
def evaluated(real, tmp_path_factory):
    """`evaluated(group, kind, executor)`: the values, the counts of faulty rows by symbol, and the errors."""

    @cache
    def source(group, kind):
        table = together(real, {name: fault.put for name, fault in TABLES[group].items()})
        return stored_as[kind](table, tmp_path_factory.mktemp("candles"))

    @cache
    def answer(group, kind, executor):
        data = source(group, kind)
        return bs.evaluate(FORMULAS, data, executor=executor), bs.scan(None, data)

    return answer


@pytest.fixture(scope="module")
def expected(real):
    """`expected(executor)`: the values of the symbols without fault, and of those that have the rows meant."""

    @cache
    def values(executor):
        meant = {name: fault.like or same for faults in TABLES.values() for name, fault in faults.items()}
        return bits(bs.evaluate(FORMULAS, together(real, meant), executor=executor))

    return values


def bits(table):
    return table.with_columns(pl.selectors.float().reinterpret(signed=True))


CASES = [(group, name) for group, faults in TABLES.items() for name in faults]


@pytest.mark.parametrize(("kind", "executor"), [("frame", "polars"), *((kind, "tiles") for kind in stored_as)])
@pytest.mark.parametrize(("group", "name"), CASES, ids=[name for _, name in CASES])
def test_a_fault_means_what_is_stated(group, name, kind, executor, evaluated, expected):
    fault = TABLES[group][name]

    found, result = evaluated(group, kind, executor)

    if fault.error:
        assert found.filter(symbol=name).is_empty()
        assert fault.error in str(result.errors[name])
    else:
        assert bits(found.filter(symbol=name)).equals(expected(executor).filter(symbol=name))
    if name == "no row":
        assert name not in {each.symbol for each in result}
    else:
        counted = {what: rows for what, rows in fault.counts.items() if kind != "store" or what not in fault.lost}
        assert dict(result[name].defects) == counted


@pytest.mark.parametrize(("kind", "executor"), [("frame", "polars"), *((kind, "tiles") for kind in stored_as)])
@pytest.mark.parametrize("group", list(TABLES))
def test_others_are_what_they_are_alone(group, kind, executor, evaluated, real):
    found, result = evaluated(group, kind, executor)

    alone = bits(bs.evaluate(FORMULAS, real, executor=executor))
    assert bits(found.filter(pl.col("symbol").is_in(["AAPL", "CSCO", "EBAY"]))).equals(alone)
    assert {*result.errors} == {name for name, fault in TABLES[group].items() if fault.error}


@pytest.mark.parametrize("kind", list(stored_as))
def test_symbols_in_turn_are_no_fault(kind, real, tmp_path):
    source = stored_as[kind](real.sort("ts", "symbol"), tmp_path)

    assert bits(bs.evaluate(FORMULAS, source)).equals(bits(bs.evaluate(FORMULAS, real)))
    assert not bs.scan(None, source).defects


def test_a_null_is_undefined_while_a_window_holds_it(real, expected):
    """By counting rows: the means of 20 bars of which one is missing are null, and no other one changes by a bit."""
    found, clean = (expected("tiles").filter(symbol=name)["mean"] for name in ("null in close", "CSCO"))

    held = real.filter(symbol="CSCO").select(HIT.cast(pl.Int64).rolling_sum(20, min_samples=1) > 0).to_series()
    assert found.is_null().to_list() == (held | clean.is_null()).to_list()
    assert found.filter(~held).equals(clean.filter(~held))


def test_the_faults_are_in_the_candles(real):
    """What is put in is there, else the table above shows nothing."""
    clean = real.filter(symbol="CSCO")

    assert clean.select(HIT.sum()).item() == 6
    assert [name for group, name in CASES if TABLES[group][name].put(clean).equals(clean)] == []
    assert not bs.scan(None, real).defects
