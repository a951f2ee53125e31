from datetime import date, timedelta

import numpy as np
import pytest

from barsweep import DateRange, Formula, ProcessingEngineError, ProcessingJob


def test_a_range_must_not_end_before_it_starts():
    with pytest.raises(ProcessingEngineError, match="ends before that"):
        DateRange("2024-02-01", date(2024, 1, 31))


def test_a_bound_that_is_no_date_is_refused():
    with pytest.raises(ProcessingEngineError, match="write it as 2016-12-31"):
        DateRange("yesterday")


def test_one_formula_several_and_none():
    assert list(ProcessingJob(formula="close > 1").formulas) == ["match"]
    assert ProcessingJob(formula=Formula("close > 1", "up")).formulas["up"].source == "close > 1"
    assert list(ProcessingJob(formula={"a": "close > 1", "b": Formula("close < 1")}).formulas) == ["a", "b"]
    assert list(ProcessingJob(formula=[Formula("close > 1", "a"), Formula("close < 1", "b")]).formulas) == ["a", "b"]
    assert ProcessingJob().formulas == {}


def test_a_single_text_is_one_symbol():
    assert ProcessingJob("AAPL").requested == ("AAPL",)


def test_a_formulas_own_parameters_go_over_the_jobs():
    job = ProcessingJob(formula=Formula("x", parameters={"n": 3}), parameters={"n": 2, "m": 1})

    assert job.settings(job.formulas["match"]) == {"n": 3, "m": 1}


def test_stale_is_days_or_a_timedelta():
    assert ProcessingJob(latest=True, stale=3).patience == timedelta(days=3)
    assert ProcessingJob(latest=True, stale=timedelta(hours=2)).patience == timedelta(hours=2)
    assert ProcessingJob().patience is None


def test_equal_names_in_a_list_are_refused():
    with pytest.raises(ProcessingEngineError, match="2 formulas of the list are called 'up'"):
        ProcessingJob(formula=[Formula("close > 1", "up"), Formula("close < 1", "up")])
    with pytest.raises(ProcessingEngineError, match="2 formulas of the list have no name"):
        ProcessingJob(formula=[Formula("close > 1"), Formula("close < 1")])
    with pytest.raises(ProcessingEngineError, match="or that of those without one"):
        ProcessingJob(formula=[Formula("close > 1"), Formula("close < 1", "match")])


@pytest.mark.parametrize("nothing", [[], {}, ()])
def test_no_formula_at_all_is_refused_where_some_are_listed(nothing):
    """None alone asks for candles to be checked and counted."""
    with pytest.raises(ProcessingEngineError, match="there is no formula: give"):
        ProcessingJob(formula=nothing)
    assert ProcessingJob(formula=None).formulas == {}


@pytest.mark.parametrize("given", [5, [5], {"a": None}])
def test_what_is_no_formula_is_refused(given):
    with pytest.raises(ProcessingEngineError, match="is no formula"):
        ProcessingJob(formula=given)


@pytest.mark.parametrize("symbols", [[5], 5, ["A", None]])
def test_symbols_are_texts(symbols):
    with pytest.raises(ProcessingEngineError, match="symbols are"):
        ProcessingJob(symbols)


@pytest.mark.parametrize("bound", [20240101, 2024.0, np.int64(20240101)])
def test_a_number_is_no_date(bound):
    with pytest.raises(ProcessingEngineError, match="is no date; write it as 2016-12-31"):
        DateRange(bound)


def test_a_date_of_numpys_is_one():
    with pytest.raises(ProcessingEngineError, match="ends before that"):
        DateRange(np.datetime64("2024-02-01"), "2024-01-31")


def test_the_latest_bars_have_no_start():
    with pytest.raises(ProcessingEngineError, match="end= moves the last bar"):
        ProcessingJob(latest=True, date_range=DateRange("2024-01-01"))
    assert ProcessingJob(latest=True, date_range=DateRange(None, "2024-01-01")).bounds.end == "2024-01-01"


def test_parameters_are_pythons_own_finite_numbers():
    job = ProcessingJob(parameters={"n": np.int64(3), "x": np.float32(0.5), "on": np.bool_(True), "word": "a"})

    assert {name: type(value) for name, value in job.settings().items()} == {
        "n": int,
        "x": float,
        "on": bool,
        "word": str,
    }
    for wrong in (float("nan"), np.float64("nan"), float("inf")):
        with pytest.raises(ProcessingEngineError, match="the parameter n is"):
            ProcessingJob(parameters={"n": wrong})
        with pytest.raises(ProcessingEngineError, match="the parameter n is"):
            ProcessingJob(formula=Formula("param n = 1\nclose > n", parameters={"n": wrong}))
    with pytest.raises(ProcessingEngineError, match="a number, True, False or a text"):
        ProcessingJob(parameters={"n": [[1]]})
    with pytest.raises(ProcessingEngineError, match="a number, True, False or a text"):
        ProcessingJob(parameters={"n": {"from": 1}})
