"""The TileExecutor: the same values as Polars', the same bits however the work is cut."""

import pytest
from sweeping import CALLS, COMPOSED, KINDS, LANGUAGE, random_candles, sweep

from barsweep import ProcessingEngine, ProcessingJob
from barsweep.data.candles import Candles
from barsweep.engine.controlling import AbandonedError, Ticket
from barsweep.engine.evaluating import PlanEvaluator
from barsweep.engine.executors import Surroundings, make_executor
from barsweep.engine.executors.sections import Across
from barsweep.formulas import make_plan
from barsweep.formulas.kernels import registers
from barsweep.formulas.kernels.machine import Machine

EVERY = {call: call for call in (*CALLS, *COMPOSED)}
AT_AN_EDGE = {"mod(close, 7.3)"}
"""A multiple of the divisor that no double is: rounding decides between 0 and the divisor itself."""


def far_apart(left, right, scale):
    """Where two columns differ by more than section 4 of the design allows, or one alone is undefined."""
    pairs = zip(left.to_list(), right.to_list(), strict=True)
    return [
        pair
        for pair in pairs
        if pair[0] != pair[1]
        and (None in pair or abs(pair[0] - pair[1]) > 1e-9 * max(abs(pair[0]), abs(pair[1]), scale))
    ]


@pytest.mark.parametrize("seed", [21, 22])
def test_both_executors_agree_on_every_function(seed):
    """To 1e-9 of the terms, with the same undefined bars."""
    candles = random_candles(seed)
    scale = candles["close"].abs().max()

    polars, tiles = (sweep(EVERY, candles, executor=name) for name in ("polars", "tiles"))

    compared = [call for call in EVERY if call not in AT_AN_EDGE]
    assert {call: wrong for call in compared if (wrong := far_apart(polars[call], tiles[call], scale))} == {}
    same = [call for call in compared if polars[call].equals(tiles[call], null_equal=True)]
    assert len(same) > 120  # sums and windows follow the same order in both: only recursions may round differently


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_the_bits_do_not_depend_on_how_long_symbols_are_cut_in_time(rows, monkeypatch):
    """A chunk continues where the last one stopped: history and states are handed on."""
    candles = random_candles(23)
    whole = sweep(EVERY, candles, executor="tiles")

    monkeypatch.setattr(registers, "fitting_rows", lambda *_: rows)
    cut = sweep(EVERY, candles, executor="tiles")

    assert [call for call in EVERY if not whole[call].equals(cut[call], null_equal=True)] == []


def test_tiles_of_more_symbols_than_lanes():
    """Symbols of all lengths, several tiles."""
    candles = random_candles(24, lengths=tuple(range(1, 60, 3)) + (90,) * 20)
    sample = ("rsi(close, 5)", "sma(close, 20)", "bars_since(close > open)", "highest(high, 9)", "weekday + close")
    calls = {call: call for call in sample}

    polars, tiles = (sweep(calls, candles, executor=name) for name in ("polars", "tiles"))

    assert {call: wrong for call in calls if (wrong := far_apart(polars[call], tiles[call], 100.0))} == {}


def test_what_has_no_kernel_is_left_to_polars():
    """Calendar fields, text, other timeframes and rankings stand beside tiles in one formula."""
    candles = random_candles(25)
    source = (
        'sma(close, 3) + timeframe("4h", close) + weekday + (sector != "Oil" ? 1 : 0) + rank(close) '
        '+ nz(ago(ema(close, 3), "1d")) - symbol("S2", high)'
    )
    references = {"S2": candles.filter(candles["symbol"] == "S2")}

    polars, tiles = (sweep({"f": source}, candles, None, references, executor=name) for name in ("polars", "tiles"))

    assert far_apart(polars["f"], tiles["f"], 100.0) == []
    assert polars["f"].count() > 100


@pytest.mark.parametrize("place", range(3))
def test_plans_of_several_stages_stop_with_their_ticket(place, monkeypatch):
    """While any of the stages runs: along time, across symbols, along time again."""
    plan = make_plan({"value": LANGUAGE.check("sma(rank(sma(close, 3)), 2)", KINDS)})
    evaluator = PlanEvaluator(plan, make_executor("tiles", plan), Surroundings())
    ticket, runs = Ticket({}, 60.0), []

    def watched(owner):
        really = owner.run

        def run(self, *arguments):
            if len(runs) == place:
                ticket.abandon()
            runs.append((owner, really(self, *arguments)))
            return runs[-1][1]

        monkeypatch.setattr(owner, "run", run)

    watched(Machine)
    watched(Across)

    with pytest.raises(AbandonedError):
        evaluator.advance(plan.stages, evaluator.start(Candles.of(random_candles(25))), ticket)

    ended = [(Machine, True), (Across, True), (Machine, True)][:place]
    assert runs == [*ended, ([Machine, Across, Machine][place], False)]


def test_every_bar_of_symbols_of_any_length_is_counted_once():
    """Counts are of a whole tile, marks are looked at four rows at a time, and in parts of 1,020 rows."""
    lengths = (1, 2, 15, 16, 17, 1019, 1020, 1021, 1023, 2040, 2041, 3000, 3, 4, 5, 6, 7, 4096)
    candles = random_candles(26, lengths=lengths, holes=0.0)
    formulas = {"all": "close > 0", "some": "close > open", "a constant": "close > 0 or 1 < 2"}

    polars, tiles = (
        ProcessingEngine(candles).run(ProcessingJob(None, formulas, timeframe="1h", executor=name))
        for name in ("polars", "tiles")
    )

    counted = ["symbol", "bars", "matches"]
    assert tiles.outcomes.select(counted).rows() == polars.outcomes.select(counted).rows()
    assert tiles.outcomes["bars"].sort().to_list() == sorted(lengths)
    for name in formulas:
        assert tiles.of(name).select("symbol", "ts").equals(polars.of(name).select("symbol", "ts"))
    assert tiles.of("all").height == sum(lengths)
