import subprocess
import sys

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from fakes import Watched, candles
from stored_as import stored_as

import barsweep as bs


def test_the_names_at_the_front_door():
    """Exactly these; what is added later is added here too."""
    assert bs.__all__ == sorted(bs.__all__, key=lambda name: (name[0].islower(), name))
    assert set(bs.__all__) == {
        *("scan", "signals", "evaluate", "check", "explain", "functions", "function", "library", "FormulaService"),
        *("explain_match", "near_misses"),
        *("sql", "connect", "SqlConnection", "SqlResult", "LiveScanner", "JobStatistics"),
        *(
            "ProcessingEngine",
            "ProcessingJob",
            "DateRange",
            "Formula",
            "BatchResult",
            "JobStatistics",
            "ProcessingResult",
            "RunningJob",
            "SignalMatch",
            "Signals",
        ),
        *("DaskCluster", "ProcessCluster", "RayCluster", "LiveScanner"),
        *("CandleRepository", "FrameRepository", "ParquetRepository", "DuckDBRepository", "Session"),
        *("BarsweepError", "FormulaError", "QueryError", "ProcessingEngineError", "RepositoryError", "CandleError"),
    }
    assert all(getattr(bs, name).__name__ == name for name in bs.__all__)
    assert set(bs.__all__) <= set(dir(bs))
    with pytest.raises(AttributeError, match="no attribute 'scam'"):
        _ = bs.scam


def test_importing_fetches_nothing_heavy():
    heavy = "('polars', 'llvmlite', 'duckdb', 'numpy')"
    code = f"import sys, barsweep; print([name for name in {heavy} if name in sys.modules])"

    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_scanning_with_polars_does_not_import_llvmlite():
    code = (
        "import sys, polars as pl, barsweep as bs\n"
        "frame = pl.DataFrame({'date': ['2024-01-01', '2024-01-02'], 'close': [1.0, 2.0]})\n"
        "assert bs.scan('close > close[1]', frame, executor='polars').counts['matches'] == 1\n"
        "print('llvmlite' in sys.modules)"
    )

    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


@pytest.mark.parametrize("kind", ["duckdb", "parquet", "store", "csv"])
def test_scanning_a_file_does_not_import_pandas(tmp_path, kind):
    """It takes longer to load than most scans take, and where it is installed pyarrow likes to import it."""
    source = stored_as[kind](candles({"A": [1, 2, 3]}), tmp_path)
    code = (
        "import sys, barsweep as bs\n"
        f"assert bs.scan('close > close[1]', {str(source)!r}).counts['matches'] == 2\n"
        "print('pandas' in sys.modules)"
    )

    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_logging_is_silent_by_default():
    code = (
        "import polars as pl, barsweep as bs\n"
        "bs.scan('close > 1', pl.DataFrame({'date': ['2024-01-01'], 'close': [1.0]}), symbols=['no'])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("", "")


def test_evaluate_gives_a_row_per_bar():
    frame = candles({"B": [1, 2, 3], "A": [4, 5]})

    values = bs.evaluate({"mean": "sma(close, 2)", "up": "close > close[1]"}, frame)

    assert values.columns == ["symbol", "ts", "mean", "up"]
    assert values["symbol"].to_list() == ["A", "A", "B", "B", "B"]
    assert values["mean"].to_list() == [None, 4.5, None, 1.5, 2.5]
    assert values["up"].to_list() == [None, True, None, True, True]


def test_evaluate_in_a_range_and_with_parameters():
    frame = candles({"A": [1, 2, 3, 4]})

    values = bs.evaluate("param n = 2\nsma(close, n)", frame, start="2024-01-04", parameters={"n": 3})

    assert values["value"].to_list() == [3.0]


def test_evaluate_calls_a_single_formula_value():
    frame = candles({"A": [1, 2]})

    assert bs.evaluate(bs.Formula("close + 1"), frame).columns == ["symbol", "ts", "value"]
    assert bs.evaluate(bs.Formula("close + 1", "next"), frame).columns == ["symbol", "ts", "next"]


@pytest.mark.parametrize("formulas", [{}, []])
def test_scan_needs_a_formula(formulas):
    with pytest.raises(bs.ProcessingEngineError, match="there is no formula: give a text"):
        bs.scan(formulas, candles({"A": [1, 2]}))


@pytest.mark.parametrize("formulas", [None, {}, []])
def test_evaluate_needs_a_formula(formulas):
    with pytest.raises(bs.ProcessingEngineError, match="there is no formula"):
        bs.evaluate(formulas, candles({"A": [1, 2]}))


@pytest.mark.parametrize("name", ["ts", "symbol"])
def test_evaluate_keeps_the_tables_own_columns(name):
    with pytest.raises(bs.ProcessingEngineError, match=f"no formula can be called '{name}'"):
        bs.evaluate({name: "close"}, candles({"A": [1, 2]}))


def test_parameters_may_be_numpys():
    frame = candles({"A": [1, 2, 3, 4]})

    assert bs.evaluate("param n = 2\nsma(close, n)", frame, parameters={"n": np.int64(3)})["value"].to_list()[2] == 2.0
    assert bs.check("param n = 2\nsma(close, n)", parameters={"n": np.int64(3)}).warmup == 2


def test_evaluate_takes_the_datas_own_timeframe():
    hours = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 1, 3), "1h", eager=True)

    assert bs.evaluate("close", pl.DataFrame({"ts": hours, "close": [1.0, 2, 3, 4]})).height == 4


def test_evaluate_leaves_out_symbols_with_unusable_candles():
    frame = candles({"A": [1, 2], "B": [1, 2]})
    twice = pl.concat([frame, frame.filter(pl.col("symbol") == "B")])

    assert set(bs.evaluate("close", twice)["symbol"]) == {"A"}
    with pytest.raises(bs.ProcessingEngineError, match="no symbol could be evaluated; B: more than one row"):
        bs.evaluate("close", twice.filter(pl.col("symbol") == "B"))


def test_evaluate_across_symbols():
    values = bs.evaluate({"place": "rank(close)"}, candles({"A": [1, 4], "B": [2, 3]}))

    assert values["place"].to_list() == [1.0, 2.0, 2.0, 1.0]


def test_a_database_that_was_opened_for_the_scan_is_closed(tmp_path):
    path = tmp_path / "candles.duckdb"
    with duckdb.connect(str(path)) as connection:
        frame = candles({"A": [1, 2, 3]})  # noqa: F841 - DuckDB finds it by its name
        connection.execute("create table candles as select * from frame")

    assert bs.scan("close > close[1]", path).counts["matches"] == 2
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("delete from candles").fetchone() == (3,)


def test_evaluate_without_any_bar():
    assert bs.evaluate("close", candles({"A": [1, 2]}), start="2030-01-01").columns == ["symbol", "ts", "value"]


def test_scan_takes_pandas_and_files(tmp_path):
    frame = candles({"A": [1, 2, 3]})
    frame.write_csv(tmp_path / "candles.csv")
    frame.write_parquet(tmp_path / "candles.parquet")
    as_pandas = pd.DataFrame(frame.to_dict(as_series=False))

    for data in (frame, frame.to_arrow(), as_pandas, tmp_path / "candles.csv", str(tmp_path / "candles.parquet")):
        assert bs.scan("close > close[1]", data).counts["matches"] == 2


def test_another_symbol_is_read_from_its_first_bar():
    frame = candles({"A": [1, 2, 3, 4], "SPY": [10, 20, 30, 40]})
    formula = 'mean = symbol("SPY", sma(close, 3))\nclose > 0 and mean > 0'

    result = bs.scan(formula, frame, symbols=["A"], start="2024-01-04")

    assert result["A"].matches[0].values["mean"] == 30.0
    with pytest.raises(bs.ProcessingEngineError, match=r"symbol\('QQQ'\) in the formula cannot be had"):
        bs.scan('close > symbol("QQQ", close)', frame)


def test_a_value_does_not_take_an_indicators_place():
    frame = candles({"A": [1, 2, 3]})
    formula = "mean = sma(close, 2)\nclose > mean"

    with pytest.raises(bs.ProcessingEngineError, match="values has 'mean', and so has the formula"):
        bs.ProcessingEngine(frame).run(bs.ProcessingJob(None, formula, values={"mean": "sma(close, 3)"}))
    same = bs.ProcessingEngine(frame).run(bs.ProcessingJob(None, formula, values={"mean": "sma(close, 2)"}))
    assert same.matches["mean"].to_list() == [1.5, 2.5]


def test_coarser_bars_are_made_from_finer_ones():
    weekly = bs.scan("close > close[1]", candles({"A": [float(day) for day in range(1, 29)]}), timeframe="1w")

    assert [match.ts.isoweekday() for match in weekly["A"].matches] == [1, 1, 1]


def test_functions_and_libraries_of_ones_own(tmp_path):
    (tmp_path / "mine.formula").write_text("# Twice the close.\ndef doubled(x = close) = 2 * x\n")
    service = bs.FormulaService(libraries=[tmp_path / "mine.formula"])

    assert bs.scan("doubled() > 5", candles({"A": [1, 3]}), service=service).counts["matches"] == 1
    assert "doubled" in service.functions()
    assert "doubled" not in bs.functions()


def test_check_and_explain():
    assert bs.check("close > ema(close, 20)").reach is None
    assert "sma(" in str(bs.explain("close > sma(close, 20)"))
    with pytest.raises(bs.FormulaError):
        bs.check("sector == 'Tech'")
    assert bs.check("sector == 'Tech'", {"sector": "text"}).columns == {"sector"}


def test_values_are_reported_with_each_match():
    repository = Watched(candles({"A": [1, 2, 3]}))
    job = bs.ProcessingJob(None, "close > close[1]", values={"growth": "close / close[1]"})

    result = bs.ProcessingEngine(repository).run(job)

    assert result.matches["growth"].to_list() == [2.0, 1.5]
