"""What a job loads, computes and reports, and what becomes of faults."""

import polars as pl
import pytest
from fakes import Service, Watched, candles, names, rising

from barsweep import (
    DateRange,
    FormulaError,
    ProcessingEngine,
    ProcessingEngineError,
    ProcessingJob,
    RepositoryError,
)
from barsweep.data import CandlePolicy
from barsweep.engine import retrying

UP = "close > close[1]"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.001)


def test_a_faulty_formula_raises_before_any_candle_is_read():
    repository = Watched(rising(2))

    with pytest.raises(FormulaError, match="smaa"):
        ProcessingEngine(repository).run(ProcessingJob(None, "close > smaa(close, 3)"))

    assert repository.asked == []


def test_several_faulty_formulas_are_all_told():
    with pytest.raises(FormulaError) as raised:
        ProcessingEngine(rising(1)).run(ProcessingJob(None, {"a": "smaa(close)", "b": "close >", "c": UP}))

    assert raised.value.name == "a"
    assert any("a value is missing" in note for note in raised.value.__notes__)


def test_numbers_are_no_conditions():
    with pytest.raises(FormulaError, match="needs a condition") as raised:
        ProcessingEngine(rising(1)).run(ProcessingJob(None, "sma(close, 2)"))

    assert "> 0" in raised.value.hint


def test_only_what_the_plan_reads_is_loaded():
    repository = Watched(rising(3, bars=50))

    ProcessingEngine(repository).run(ProcessingJob(None, "close > sma(close, 20)", DateRange("2024-02-10")))

    assert {(each["columns"], each["before"]) for each in repository.asked} == {(("close",), 19)}


def test_unbounded_reach_loads_everything_before():
    repository = Watched(rising(1, bars=50))

    ProcessingEngine(repository).run(ProcessingJob(None, "close > ema(close, 20)", DateRange("2024-02-10")))

    assert [each["before"] for each in repository.asked] == [None]


def test_a_date_range_changes_no_value():
    frame = candles({"A": [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]})
    engine = ProcessingEngine(frame)
    formula = "sma(close, 3) > 3 and ema(close, 2) > 2"

    whole = engine.run(ProcessingJob(None, formula)).matches
    part = engine.run(ProcessingJob(None, formula, DateRange("2024-01-06", "2024-01-09")))

    expected = whole.filter(pl.col("ts").is_between(pl.date(2024, 1, 6), pl.date(2024, 1, 9)))
    assert part.matches.equals(expected)
    assert part["A"].bars == 4


def test_without_a_formula_the_candles_are_checked_and_counted():
    frame = candles({"A": [1, 2, 3], "B": [1, 0, 3]})

    result = ProcessingEngine(frame).run(ProcessingJob())

    assert [each.bars for each in result] == [3, 3]
    assert result.matches.is_empty()
    assert result["B"].defects == result.defects == {"non_positive": 1}


def test_dropped_rows_do_not_shorten_the_history():
    """With rows dropped from what was loaded ahead of the range, the symbol is read from its beginning."""
    frame = candles({"A": [5, 5, 5, 0, 5, 6, 7]})
    repository = Watched(frame, policy=CandlePolicy(non_positive="drop"))
    repository.policy = repository.inner.policy

    result = ProcessingEngine(repository).run(ProcessingJob(None, "close > sma(close, 3)", DateRange("2024-01-06")))

    assert [match.values["sma(close, 3)"] for match in result["A"].matches] == [pytest.approx(16 / 3), 6.0]
    assert [each["before"] for each in repository.asked] == [2, None]


def test_a_service_that_only_evaluates_is_called_symbol_by_symbol():
    service = Service(broken=["S001"])
    engine = ProcessingEngine(rising(3), service)

    result = engine.run(ProcessingJob(None, "anything", DateRange("2024-01-04"), parameters={"n": 3}))

    assert sorted(service.called) == [("anything", name, 5, {"n": 3}) for name in names(3)]
    assert [len(each.matches) for each in result] == [2, 0, 2]
    assert result["S001"].error.message == "ValueError: S001 is broken"
    assert not result["S000"].elapsed_shared


def test_a_service_may_answer_with_a_list():
    class Listing:
        def evaluate(self, formula, frame, parameters):
            return [None, True, False, True, None]

    assert len(ProcessingEngine(rising(1), Listing()).run(ProcessingJob(None, "x"))["S000"].matches) == 2


def test_impossible_settings_are_refused():
    with pytest.raises(ProcessingEngineError, match="max_workers"):
        ProcessingEngine(rising(1), max_workers=0)
    with pytest.raises(RepositoryError, match="unknown timeframe"):
        ProcessingEngine(rising(1)).run(ProcessingJob(None, UP, timeframe="1 moon"))
    with pytest.raises(ProcessingEngineError, match="no executor"):
        ProcessingEngine(rising(1)).run(ProcessingJob(None, UP, executor="abacus"))
    with pytest.raises(ProcessingEngineError, match="need a FormulaService"):
        ProcessingEngine(rising(1), Service()).evaluate(ProcessingJob(None, "x"))


def test_a_repository_may_have_load_and_symbols_alone():
    class Bare:
        def __init__(self, frame):
            self.inner = Watched(frame)

        def load(self, symbols, timeframe, start, end, columns, before=0):
            table = self.inner.load(symbols, timeframe, start, end, columns, before)
            return pl.DataFrame(table).with_columns(
                pl.col("symbol").cast(pl.Categorical), pl.col("close").cast(pl.Int64)
            )

        def symbols(self, timeframe):
            return self.inner.symbols(timeframe)

    result = ProcessingEngine(Bare(rising(3))).run(ProcessingJob(None, UP))

    assert result.counts["matches"] == 12
    assert ProcessingEngine(Bare(rising(3))).run(ProcessingJob(None, UP, latest=True)).counts["matches"] == 3


def test_a_row_wise_source_is_adapted():
    class Rows:
        def get_range(self, symbol_id, timeframe, start, end):
            if symbol_id == "BAD":
                raise OSError("disk")
            rows = candles({symbol_id: [1, 2, 3]}).to_dicts()
            return [type("Candle", (), row)() for row in rows]

    result = ProcessingEngine(Rows(), retries=0).run(ProcessingJob(["A", "BAD", "C"], UP))

    assert [len(each.matches) for each in result] == [2, 0, 2]
    assert result["BAD"].error.kind == "repository"


def test_memory_drives_the_batches():
    repository = Watched(rising(20, bars=100))

    ProcessingEngine(repository, memory_limit=200_000, max_workers=1).run(ProcessingJob(None, UP))

    assert len(repository.asked) > 2
