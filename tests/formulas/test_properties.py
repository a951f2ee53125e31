"""What holds for every function of the language with either executor, over random candles with holes.

Each property runs over all calls at once: one plan computes them all, and a failure names the calls that broke it.
"""

import functools

import polars as pl
import pytest
from sweeping import CALLS, COMPOSED, LANGUAGE, is_across, primitive, random_candles, sweep

from barsweep.formulas.kinds import Shape

ALONG = {call: call for call in (*CALLS, *COMPOSED) if not is_across(call)}
WAITING = {
    "ago",
    "pivot_high",
    "pivot_low",
    "pine.pivothigh",
    "pine.pivotlow",
    "fractal",
    "sortino",
    "bars_since_first_in",
}
"""Functions that wait for what their declaration does not name an event: a date, a pivot, a true condition."""
EVERY = {call: call for call in (*CALLS, *COMPOSED)}


@pytest.fixture(params=["polars", "tiles"])
def swept(request):
    """`sweep` with each executor."""
    return functools.partial(sweep, executor=request.param)


def different(left, right, names):
    """The columns whose values are not the same to the bit (undefined equals undefined)."""
    return [name for name in names if not left[name].equals(right[name], null_equal=True)]


@pytest.mark.parametrize("seed", [1, 2])
def test_no_function_looks_ahead(seed, swept):
    """Cutting the future off changes nothing before the cut."""
    candles = random_candles(seed)
    whole = swept(EVERY, candles)
    for hours in (3, 41, 100):
        past = candles.filter(pl.col("ts") < pl.lit(candles["ts"].min()) + pl.duration(hours=hours))

        early = swept(EVERY, past)

        expected = whole.join(past.select("symbol", "ts"), on=["symbol", "ts"], how="semi", maintain_order="left")
        assert different(early, expected, EVERY) == []


@pytest.mark.parametrize("seed", [3, 4])
def test_symbols_are_independent_and_batches_may_be_cut_anywhere(seed, swept):
    """A symbol alone, or with some others, has the values that it has among all."""
    candles = random_candles(seed)
    whole = swept(ALONG, candles)
    for batch in (["S0"], ["S2"], ["S1", "S2"], ["S3", "S4"], ["S4"]):
        mine = pl.col("symbol").is_in(batch)

        alone = swept(ALONG, candles.filter(mine))

        assert different(alone, whole.filter(mine), ALONG) == []


def test_a_value_of_finite_reach_needs_no_more_than_its_reach(swept):
    """Beginning `reach` bars before a bar gives the same value there: the date range of a job changes nothing."""
    candles = random_candles(5, lengths=(220,))
    reaches = {call: LANGUAGE.check(call).reach for call in ALONG}
    finite = {call: reach for call, reach in reaches.items() if reach is not None and reach < 200}
    whole = swept({call: call for call in finite}, candles)
    assert len(finite) > 50
    for reach in sorted(set(finite.values())):
        begin = 219 - reach
        names = {call: call for call, own in finite.items() if own == reach}

        late = swept(names, candles.slice(begin))

        assert different(late.tail(1), whole.tail(1), names) == []


def test_a_spike_that_has_left_the_window_leaves_no_trace(swept):
    """1e20 in every column changes nothing once it is out of reach."""
    candles = random_candles(6, lengths=(220,))
    prices = ["open", "high", "low", "close", "volume"]
    at = pl.int_range(pl.len()) == 60
    spiked = candles.with_columns(pl.when(at).then(1e20).otherwise(pl.col(name)).alias(name) for name in prices)
    reaches = {call: LANGUAGE.check(call).reach for call in ALONG}
    finite = {call: reach for call, reach in reaches.items() if reach is not None and reach < 150}

    calm, shaken = (swept({call: call for call in finite}, frame) for frame in (candles, spiked))

    wrong = [call for call, reach in finite.items() if not calm[call][61 + reach :].equals(shaken[call][61 + reach :])]
    assert wrong == []
    assert any(not calm[call][60:65].equals(shaken[call][60:65]) for call in finite)


def first_defined(values):
    defined = values.is_not_null().arg_true()
    return defined[0] if defined.len() else len(values)


def test_warm_up_is_what_the_declaration_says(swept):
    """Without holes a primitive has exactly its warm-up, a library function at most; events wait for the first."""
    candles = random_candles(7, lengths=(260,), holes=0.0).with_columns(pl.col("volume") + 100)
    result = swept(ALONG, candles)
    wrong = {}
    for call in ALONG:
        facts, found = LANGUAGE.check(call).history, first_defined(result[call])
        event = facts.by_event or CALLS.get(call) in WAITING
        exact = primitive(call) is not None and not event
        if (found != facts.warmup) if exact else (not event and found > facts.warmup):
            wrong[call] = (found, facts.warmup)

    assert wrong == {}


def test_every_value_is_finite_or_undefined(swept):
    """Magnitudes at the edge of the range, zeros and negative prices give undefined values, never NaN or infinity."""
    candles = random_candles(8, lengths=(200,))
    extreme = candles.with_columns(
        pl.when(pl.int_range(pl.len()) % 7 == 0)
        .then(pl.lit(1.7e308))
        .otherwise(pl.col("close") * -1e-300)
        .alias("close"),
        pl.lit(0.0).alias("volume"),
    )

    result = swept(ALONG, extreme)

    numbers = [call for call in ALONG if result.schema[call] == pl.Float64]
    assert [call for call in numbers if not result[call].drop_nulls().is_finite().all()] == []


def test_one_hole_never_silences_the_rest(swept):
    """After a single missing bar every function has values again."""
    candles = random_candles(9, lengths=(260,), holes=0.0)
    prices = ["open", "high", "low", "close", "volume"]
    at = pl.int_range(pl.len()) == 5
    holed = candles.with_columns(pl.when(~at).then(pl.col(name)).alias(name) for name in prices)

    whole, result = swept(ALONG, candles), swept(ALONG, holed)

    short = [call for call in ALONG if (LANGUAGE.check(call).reach or 0) < 190]
    silenced = [c for c in short if whole[c][200:].count() > 0 and result[c][200:].count() < whole[c][200:].count()]
    assert silenced == []


def test_shapes_are_all_covered():
    """The calls above reach primitives of every shape."""
    shapes = {primitive(call).shape for call in CALLS if primitive(call)}

    assert shapes == set(Shape)
