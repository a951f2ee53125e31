"""Formulas of other languages through every door: scan, evaluate, check, explain, jobs, a service, the command line."""

import polars as pl
import pytest
from click.testing import CliRunner
from fakes import Watched, candles

import barsweep as bs
from barsweep.engine.command_line.application import make_application

UP = "$close > Ref($close, 1)"


@pytest.fixture
def frame():
    return candles({"A": [1, 2, 3, 2, 5], "B": [5, 4, 3, 2, 1]})


def bars(found):
    return found.matches.select("symbol", pl.col("ts").dt.day()).rows()


def test_scan(frame):
    own = bs.scan("close > close[1]", frame)

    found = bs.scan(UP, frame, dialect="qlib")

    assert bars(found) == bars(own)
    assert found.counts["matches"] == 3


def test_a_formula_may_have_a_dialect_of_its_own(frame):
    """Beside others, which have the job's, or none."""
    formulas = {"foreign": bs.Formula(UP, dialect="qlib"), "paper": "close > delay(close, 1)"}

    job = bs.ProcessingJob(None, formulas, dialect="alpha101")
    with bs.ProcessingEngine(frame) as engine:
        found = engine.run(job)

    foreign, paper = (found.of(name).select("symbol", "ts") for name in formulas)
    assert foreign.equals(paper)
    assert foreign.height == 3


def test_a_value_beside_the_matches_is_in_the_dialect_of_the_job(frame):
    job = bs.ProcessingJob(None, UP, values={"Mean($close, 2)": "Mean($close, 2)"}, dialect="qlib")
    with bs.ProcessingEngine(frame) as engine:
        found = engine.run(job)

    assert found.matches["Mean($close, 2)"].to_list() == [1.5, 2.5, 3.5]


def test_the_same_text_in_two_dialects_is_two_plans(frame):
    """An engine remembers plans: not those of another dialect."""
    with bs.ProcessingEngine(frame) as engine:
        ranks = [
            engine.evaluate(bs.ProcessingJob(None, {"rank": "ts_rank(close, 2)"}, dialect=dialect))["rank"][1]
            for dialect in ("alpha101", "alpha101_yli188")
        ]

    assert ranks == [1.0, 2.0]


def test_evaluate_and_explain(frame):
    values = bs.evaluate("SMA(CLOSE,2,1)", frame, dialect="gtja191")["value"].to_list()

    assert values[:5] == [1.0, 1.5, 2.25, 2.125, 3.5625]
    assert bs.explain("Mean($close, 5)", dialect="qlib").columns == ("close",)
    assert bs.check("Mean($close, 5)", dialect="qlib").reach == 4
    assert bs.check("Mean($close, 5)", dialect="qlib").warmup == 0


def test_service(frame):
    service = bs.FormulaService()

    assert service.evaluate("delta(close, 1)", frame, dialect="alpha101").to_list()[:3] == [None, 1.0, 1.0]
    with pytest.raises(bs.FormulaError, match="unknown function 'dleta'"):
        service.check("dleta(close, 1)", dialect="alpha101")


@pytest.mark.parametrize("ask", [bs.scan, bs.evaluate])
def test_an_unknown_dialect_is_refused_before_any_candle_is_read(ask):
    with pytest.raises(bs.ProcessingEngineError, match="there is no dialect 'tdx'; there are alpha101"):
        ask("CLOSE", Watched(pl.DataFrame({"ts": [1], "close": [1.0]}), pytest.fail), dialect="tdx")


def test_a_service_that_only_evaluates_has_no_dialects(frame):
    class Service:
        def evaluate(self, formula, frame, parameters):
            raise AssertionError(formula)

    with pytest.raises(bs.ProcessingEngineError, match="has no dialects"):
        bs.scan(UP, frame, dialect="qlib", service=Service())


def test_a_formula_that_is_several_things_at_once_is_told_apart(frame):
    with pytest.raises(bs.FormulaError) as caught:
        bs.evaluate({"a": UP, "b": "Meen($close, 2)"}, frame, dialect="qlib")

    assert str(caught.value).startswith("in formula 'b': unknown function 'Meen'")


def run(*arguments):
    return CliRunner().invoke(make_application(), [*arguments])


def test_command_line(frame, tmp_path):
    path = tmp_path / "candles.csv"
    frame.write_csv(path)

    found = run("scan", UP, str(path), "--dialect", "qlib", "--sort", "Mean($close, 2)", "--format", "csv")
    checked = run("check", "RANK(VOLUME)", "--dialect", "gtja191")
    explained = run("explain", "Mean($close, 3)", "--dialect", "qlib")
    faulty = run("check", "RANK(VOLUME", "--dialect", "gtja191")
    unknown = run("check", "close", "--dialect", "qlip")

    assert [line.split(",")[0] for line in found.stdout.splitlines()[1:]] == ["A", "A", "A"]
    assert "a number formula" in checked.stdout
    assert "partial_mean" in explained.stdout
    assert faulty.exit_code == 2
    assert "never closed" in faulty.output
    assert unknown.exit_code != 0
    assert "did you mean 'qlib'?" in unknown.output
