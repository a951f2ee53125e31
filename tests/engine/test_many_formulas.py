"""Many formulas in one job: a table for each, one plan, and the union only when somebody looks at it."""

import polars as pl
import pytest
from sweeping import random_candles

import barsweep as bs

CANDLES = random_candles(37, lengths=(80, 3, 140, 60))
FORMULAS = {
    "up": "close > sma(close, 5)",
    "calm": "rsi(close, 9) < 55 and volume > sma(volume, 7)",
    "never": "close < 0",
}


@pytest.mark.parametrize("executor", ["tiles", "polars"])
@pytest.mark.parametrize("symbols", [None, ["S3", "S0", "S2"]])
def test_each_formula_finds_what_it_finds_alone(executor, symbols):
    together = bs.scan(FORMULAS, CANDLES, symbols=symbols, timeframe="1h", executor=executor)

    for name, source in FORMULAS.items():
        alone = bs.scan(source, CANDLES, symbols=symbols, timeframe="1h", executor=executor)
        assert together.of(name).equals(alone.matches)
    assert together.counts["matches"] == sum(together.of(name).height for name in FORMULAS)
    with pytest.raises(KeyError):
        together.of("down")


def test_the_union_has_every_match_in_order():
    together = bs.scan(FORMULAS, CANDLES, symbols=["S3", "S0"], timeframe="1h")

    labels = ["sma(close, 5)", "rsi(close, 9)", "sma(volume, 7)"]
    assert together.matches.columns == ["symbol", "ts", "formula", *labels]
    assert together.matches["symbol"].replace_strict({"S3": 0, "S0": 1}).is_sorted()
    for name in FORMULAS:
        own = together.matches.filter(pl.col("formula") == name)
        assert own.select(together.of(name).columns).equals(together.of(name))
    assert [len(result.matches) for result in together] == together.outcomes["matches"].to_list()
    first = together["S0"].matches[0]
    assert set(first.values) == set(together.of(first.formula).columns) - {"symbol", "ts"}


def test_a_file_holds_the_union(tmp_path):
    target = tmp_path / "found.parquet"
    stored = bs.scan(FORMULAS, CANDLES, timeframe="1h", output=target)

    kept = bs.scan(FORMULAS, CANDLES, timeframe="1h")
    assert pl.read_parquet(target).equals(kept.matches)
    assert stored.of("calm").equals(kept.of("calm"))


def test_a_hundred_formulas_make_no_table_of_all_their_columns():
    formulas = {f"f{n}": f"close > sma(close, {n})" for n in range(2, 102)}

    found = bs.scan(formulas, CANDLES, timeframe="1h")

    assert found.counts["matches"] > 1000
    assert all(found.of(name).width == 3 for name in formulas)
