"""bars_where(condition, x): x on the bars where the condition is true, held until the next of them."""

import polars as pl
import pytest
from sweeping import CALLS, COMPOSED, LANGUAGE, is_across, random_candles, series, sweep

from barsweep.errors import FormulaError

ALONG = [call for call in (*CALLS, *COMPOSED) if not is_across(call)]
CONDITIONS = ("close > open", "volume > 2000", "volume > 1000 and close > close[1]")


def test_an_example():
    """The mean of the last two closes on bars that rose."""
    closes = [1, 2, 1, 4, 3, 9]

    assert series("bars_where(close > close[1], sma(close, 2))", closes) == [None, None, None, 3.0, 3.0, 6.5]
    assert series("bars_where(close > close[1], bar_index)", closes) == [None, 0.0, 0.0, 1.0, 1.0, 2.0]
    assert series("bars_where(false, close)", closes) == [None] * 6
    assert series("bars_where(close > 3, bars_where(close > 4, close))", closes) == [None] * 5 + [9.0]


@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("executor", ["polars", "tiles"])
def test_every_function_is_what_the_definition_says(condition, executor):
    """As if the other bars had been taken out of the candles; then the latest value is carried on.

    To the bit what Polars computes of the bars that are left, since it evaluates other rows under either executor.
    """
    candles = random_candles(21, lengths=(90, 1, 2, 60))
    made = sweep({call: f"bars_where({condition}, {call})" for call in ALONG}, candles, executor=executor)

    counts = sweep({"counts": condition}, candles, executor=executor)["counts"].fill_null(value=False)
    alone = sweep({call: call for call in ALONG}, candles.filter(counts), executor="polars")
    rows = candles.select("symbol", "ts", at=pl.when(counts).then(pl.col("ts")))
    rows = rows.with_columns(pl.col("at").forward_fill().over("symbol"))
    held = rows.join(alone, left_on=["symbol", "at"], right_on=["symbol", "ts"], how="left", maintain_order="left")

    assert counts.sum() > 20
    assert [call for call in ALONG if not made[call].equals(held[call], null_equal=True)] == []


def test_the_condition_may_be_a_ranking():
    """The bars on which a symbol is the strongest."""
    candles = random_candles(22, lengths=(30, 30, 30), holes=0.0)
    made = sweep({"top": "top(close, 1)", "x": "bars_where(top(close, 1), bar_index)"}, candles)

    for _, rows in made.group_by("symbol"):
        numbers = rows["top"].cast(pl.Int64).cum_sum() - 1
        assert rows["x"].fill_null(-1).to_list() == numbers.to_list()


def test_forms_within_each_other_are_bounded():
    """Each layer is evaluated here and on the next one's rows: 30 lines would take 2 to the power of 30 evaluations."""
    layers = [f"a{n} = bars_where(a{n - 1} > a{n - 1}[1], a{n - 1}) + a{n - 1}" for n in range(1, 31)]

    with pytest.raises(FormulaError, match="this looks at other rows too often"):
        LANGUAGE.check("\n".join(["a0 = close", *layers, "a30"]))

    assert series("\n".join(["a0 = close", *layers[:5], "a5"]), [float(n) for n in range(1, 41)])[-1] == 40 * 32
    assert LANGUAGE.check("bars_where(close > open, " * 100 + "close" + ")" * 100).kind == "number"
