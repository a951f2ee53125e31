"""One bad symbol stops nobody: each way to be broken is that symbol's error, the others have what they had without."""

import itertools

import numpy as np
import polars as pl
import pytest
from fakes import Service, Watched, candles, names, rising, universe
from faulty import bits

from barsweep import (
    CandleError,
    FormulaService,
    ProcessingEngine,
    ProcessingJob,
    RepositoryError,
    function,
)
from barsweep.data import CandlePolicy

BARS = 12


STRICT = CandlePolicy(
    null="error", nan="error", infinite="error", non_positive="error", high_below_low="error", close_outside="error"
)


def first_bar(**fields):
    """A symbol with other values at its second bar."""

    def broken(frame):
        place = pl.int_range(pl.len()) == 1
        return frame.with_columns(
            pl.when(place).then(pl.lit(v)).otherwise(pl.col(n)).alias(n) for n, v in fields.items()
        )

    return broken


def doubled(frame):
    return pl.concat([frame, frame.tail(1)])


def refused(symbol):
    raise RepositoryError(f"shard of {symbol} is gone")


def torn(symbol):
    raise CandleError(f"{symbol}: torn page", symbol=symbol, kind="null", rows=(), count=1)


def strange(symbol):
    raise ZeroDivisionError("division by zero")


def volume(mark):
    """Candles by which the function knows that it is to fail in its own way."""
    return lambda frame: frame.with_columns(volume=pl.lit(float(mark)))


def raising(values):
    raise ValueError("not this one")


def leaving(values):
    raise SystemExit(3)


FAILURES = {
    901: raising,
    902: lambda values: values[1:],
    903: lambda values: values.astype(str),
    904: lambda values: values + 1j,
    905: leaving,
    906: lambda values: None,
    907: lambda values: values > 0,
    908: lambda values: np.full(len(values), np.nan),
}


@function()
def touchy(close: np.ndarray, volume: np.ndarray) -> np.ndarray:
    """The close, or a failure of the kind that the volume names."""
    failure = FAILURES.get(int(volume[0]) if volume.size and np.isfinite(volume[0]) else 0)
    return close.copy() if failure is None else failure(close)


WAYS = {
    "two rows for a ts": (doubled, None, "candles", "more than one row for a ts"),
    "no close": (first_bar(close=None), None, "candles", "rows without a value"),
    "NaN": (first_bar(high=float("nan")), None, "candles", "rows with NaN"),
    "infinite": (first_bar(open=float("inf")), None, "candles", "rows with an infinite value"),
    "a price below 0": (first_bar(low=-1.0), None, "candles", "rows with a price <= 0"),
    "high below low": (first_bar(high=1.0, low=2.0), None, "candles", "rows with high < low"),
    "close outside": (first_bar(close=500.0), None, "candles", "close outside"),
    "refused by the repository": (None, refused, "repository", "is gone"),
    "torn in the repository": (None, torn, "candles", "torn page"),
    "a strange fault in the repository": (None, strange, "evaluation", "ZeroDivisionError: division by zero"),
    "the function raises": (volume(901), None, "evaluation", "touchy failed: ValueError: not this one"),
    "the function gives too few": (volume(902), None, "evaluation", "touchy gave float64 of shape (11,), not 12"),
    "the function gives texts": (volume(903), None, "evaluation", "touchy gave <U"),
    "the function gives complex numbers": (volume(904), None, "evaluation", "touchy gave complex128"),
    "the function leaves": (volume(905), None, "evaluation", "touchy failed: SystemExit: 3"),
    "the function gives nothing": (volume(906), None, "evaluation", "touchy gave object of shape ()"),
    "the function gives truths": (volume(907), None, "evaluation", "touchy gave bool"),
}


MARKS = [change for change, *_, words in WAYS.values() if words.startswith("touchy")]


PLANS = {
    "along time": "level = ema(touchy(close, volume), 3) / 7\nhigh >= low and open > 0 and close > sma(level, 2)",
    "across symbols": "place = rank(touchy(close, volume), percent=true)\nhigh >= low and open > 0 and place > 0.3",
    "after a ranking": "level = touchy(rank(close) + 0, volume) / 7\nhigh >= low and open > 0 and level > 0.2",
}


def broken_universe(frame, ways):
    """The frame with each of the symbols broken in its way, and a repository of it."""
    changed = []
    for (symbol,), rows in frame.group_by("symbol", maintain_order=True):
        change = WAYS[ways[symbol]][0] if symbol in ways else None
        changed.append(rows if change is None else change(rows))

    def on_load(symbols):
        for symbol in symbols:
            if symbol in ways and WAYS[ways[symbol]][1] is not None:
                WAYS[ways[symbol]][1](symbol)

    repository = Watched(pl.concat(changed), on_load)
    repository.policy = STRICT
    return repository


def without(frame, symbols):
    repository = Watched(frame.filter(~pl.col("symbol").is_in(list(symbols))))
    repository.policy = STRICT
    return repository


def run(repository, formula, symbols=None, executor="auto", **options):
    service = FormulaService(functions=[touchy])
    return ProcessingEngine(repository, service, **options).run(ProcessingJob(symbols, formula, executor=executor))


@pytest.mark.parametrize(
    ("plan", "executor"),
    [("along time", "tiles"), ("along time", "polars"), ("across symbols", "tiles"), ("after a ranking", "polars")],
)
@pytest.mark.parametrize("way", WAYS)
def test_a_broken_symbol_is_alone_in_it(way, plan, executor):
    frame, culprits = universe(24), ["S0003", "S0017"]

    found = run(broken_universe(frame, dict.fromkeys(culprits, way)), PLANS[plan], executor=executor)
    expected = run(without(frame, culprits), PLANS[plan], executor=executor)
    if plan == "after a ranking" and WAYS[way][0] in MARKS:  # they were ranked before the function failed on them
        sound = run(Watched(frame), PLANS[plan], executor=executor).matches
        expected_matches = sound.filter(~pl.col("symbol").is_in(culprits))
    else:
        expected_matches = expected.matches

    assert [each.symbol for each in found] == sorted(frame["symbol"].unique())
    assert {symbol: error.kind for symbol, error in found.errors.items()} == dict.fromkeys(culprits, WAYS[way][2])
    assert all(WAYS[way][3] in error.message for error in found.errors.values())
    assert not expected.errors
    assert expected_matches.height > 50
    assert bits(found.matches).equals(bits(expected_matches))


def test_fifty_symbols_broken_in_every_way_and_2450_that_are_not():
    """Every result is there, in the order of the request; those of the sound symbols are the same to the bit."""
    frame = universe(2_500)
    every = sorted(frame["symbol"].unique())
    ways = dict(zip(every[7::50], itertools.cycle(WAYS), strict=False))
    asked = ["nobody", *reversed(every), every[5]]

    found = run(broken_universe(frame, ways), PLANS["along time"], asked)
    expected = run(without(frame, ways), PLANS["along time"], [name for name in asked if name not in ways])

    assert len(ways) == 50
    assert [each.symbol for each in found] == asked
    assert {symbol: error.kind for symbol, error in found.errors.items()} == {
        "nobody": "unknown symbol",
        **{symbol: WAYS[way][2] for symbol, way in ways.items()},
    }
    assert sum(each.ok for each in found) == 2_450 + 1
    assert bits(found.matches).equals(bits(expected.matches))
    assert all(bits(found[name].matches.frame).equals(bits(expected[name].matches.frame)) for name in every[5:9:3])


@pytest.mark.parametrize("plan", ["along time", "across symbols"])
def test_nan_of_a_function_is_undefined_and_no_error(plan):
    frame = universe(8)
    undefined = frame.with_columns(volume=pl.when(pl.col("symbol") == "S0003").then(908.0).otherwise(100.0))

    found = run(Watched(undefined), PLANS[plan])

    assert not found.errors
    assert (found["S0003"].bars, len(found["S0003"].matches)) == (BARS, 0)
    assert bits(found.matches).equals(bits(run(without(frame, ["S0003"]), PLANS[plan]).matches))


def test_functions_are_called_on_the_sound_symbols_once_more_not_by_halves():
    """Whatever the number of culprits of a batch, they leave it together."""
    calls = []

    @function()
    def counting(close: np.ndarray, volume: np.ndarray) -> np.ndarray:
        """As touchy."""
        calls.append(close.size)
        return touchy.call(close, volume)

    frame = universe(40)
    culprits = [f"S{number:04d}" for number in range(1, 40, 4)]
    marked = frame.with_columns(volume=pl.when(pl.col("symbol").is_in(culprits)).then(901.0).otherwise(100.0))
    service = FormulaService(functions=[counting])

    found = ProcessingEngine(marked, service, max_workers=1).run(ProcessingJob(None, "counting(close, volume) > 0"))

    assert list(found.errors) == culprits
    assert len(calls) <= 2 * 40


def test_a_function_that_fails_on_another_symbol_is_everyones_error():
    """`symbol("S0001", ...)` is computed for all: nobody's values can be had."""
    frame = universe(4).with_columns(volume=pl.when(pl.col("symbol") == "S0001").then(901.0).otherwise(100.0))

    found = run(Watched(frame), 'close > symbol("S0001", touchy(close, volume))')

    assert {error.kind for error in found.errors.values()} == {"evaluation"}
    assert len(found.errors) == 4


def test_a_symbol_with_unusable_candles_leaves_the_batch():
    frame = candles({"A": [1, 2, 3], "B": [1, 2, 3]})
    frame = pl.concat([frame, frame.filter(pl.col("symbol") == "B")[1:2]])

    result = ProcessingEngine(frame).run(ProcessingJob(None, "close > close[1]"))

    assert len(result["A"].matches) == 2
    assert result["B"].error.kind == "candles"
    assert result["B"].error.rows == ("2024-01-02",)


@pytest.mark.parametrize("answer", [[True], [1.0] * 5, object(), None])
def test_a_service_that_answers_nonsense_is_that_symbols_error(answer):
    class Nonsense(Service):
        def evaluate(self, formula, frame, parameters):
            return answer if frame["symbol"][0] == "S000" else super().evaluate(formula, frame, parameters)

    result = ProcessingEngine(rising(3), Nonsense()).run(ProcessingJob(None, "x"))

    assert result["S000"].error.kind == "evaluation"
    assert "the formula service gave" in result["S000"].error.message
    assert [len(each.matches) for each in result] == [0, 4, 4]


def test_a_failing_batch_is_halved_until_the_culprits_stand_alone():
    def on_load(symbols):
        if {"S003", "S009"} & set(symbols):
            raise CandleError("torn page")

    result = ProcessingEngine(Watched(rising(16), on_load), max_workers=1).run(ProcessingJob(None, "close > close[1]"))

    assert [each.symbol for each in result if each.error] == ["S003", "S009"]
    assert {error.kind for error in result.errors.values()} == {"candles"}
    assert sum(len(each.matches) for each in result) == 14 * 4


def test_nobody_is_counted_twice_or_left_out():
    """Asked for twice, unknown, broken: one result each, in the order of the request."""
    frame = universe(5)
    asked = ["S0004", "S0001", "nobody", "S0004", "S0000", "nobody"]

    found = run(broken_universe(frame, {"S0001": "no close"}), PLANS["along time"], asked)

    assert [each.symbol for each in found] == asked
    assert [each.error.kind if each.error else "" for each in found] == [
        "",
        "candles",
        "unknown symbol",
        "",
        "",
        "unknown symbol",
    ]
    assert len(found[0].matches) == len(found[3].matches) > 0
    assert found.counts["symbols"] == 6
    assert names(2) == ["S000", "S001"]
