from datetime import date, timedelta

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
