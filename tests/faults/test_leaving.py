"""What hangs is interrupted where it can be, and keeps no process from its end."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from fakes import rising
from faults.hanging import LONG, SOON, Hanging, cancelled_when

from barsweep import (
    DuckDBRepository,
    ProcessingEngine,
    ProcessingJob,
)
from barsweep.engine.whereabouts import whereabouts

UP = "close > close[1]"


def test_a_query_that_is_given_up_is_interrupted(tmp_path, assert_nothing_runs):
    """DuckDB would go on with it, and take cores and memory from others."""
    import duckdb

    path = tmp_path / "candles.duckdb"
    with duckdb.connect(str(path)) as connection:
        rows = "date '2000-01-01' + x::int as ts, 1.0 + x as close from range(20) t(x)"
        connection.execute(f"create table candles as select 'A' as symbol, {rows}")
    endless = "select symbol, ts, close + (select count(*) from range(10000000000) where hash(range) = 7) as close"
    with DuckDBRepository(path, query=f"{endless} from candles", timeframe="1d") as repository:
        engine = ProcessingEngine(repository)
        running = engine.submit(ProcessingJob(["A"], UP))
        end = time.monotonic() + SOON
        while not repository.running and time.monotonic() < end:
            time.sleep(0.01)
        running.cancel()
        assert running.result(SOON).cancelled
        assert_nothing_runs()
        assert repository.running == {}


def test_a_repository_that_cannot_be_interrupted_is_given_up_all_the_same(caplog):
    class Stubborn(Hanging):
        def interrupt(self, thread):
            raise OSError(f"not {thread > 0}")

    repository = Stubborn(rising(2), "load")
    engine = ProcessingEngine(repository)
    cancelled_when(engine, repository.begun)

    with caplog.at_level("WARNING", logger="barsweep"):
        result = engine.run(ProcessingJob(None, UP))

    assert result.cancelled
    assert any("could not be interrupted" in record.message for record in caplog.records)
    repository.over.set()


ENDINGS = {
    "a function hangs": "bs.ProcessingEngine(frame, Sleeping(), timeout=0.2).run(job)",
    "a job runs on": "bs.ProcessingEngine(frame, Sleeping()).submit(job); time.sleep(0.3)",
    "a job was cancelled": "job = bs.ProcessingEngine(frame, Sleeping()).submit(job); time.sleep(0.3); job.cancel()",
    "a repository hangs": "bs.ProcessingEngine(Asleep(), deadline=0.2).run(job)",
    "a file hangs": "bs.ProcessingEngine(hanging_file(), deadline=1.0).run(job)",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_hangs_does_not_keep_the_process(ending, tmp_path):
    code = f"""
import sys, time
sys.path.append({str(Path(__file__).parents[1])!r})
import barsweep as bs
from barsweep.engine import leaving
from fakes import rising
leaving.PATIENCE = 0.2
class Sleeping:
    def evaluate(self, formula, frame, parameters): time.sleep(60)
class Asleep:
    def load(self, *_, **__): raise AssertionError
    def symbols(self, timeframe): time.sleep(60)
def hanging_file():
    from barsweep.data import coded_names, parquet
    parquet.LARGE, coded_names.CODES = 0, 1
    coded_names.runs_of_codes = lambda names: time.sleep(60)
    frame.write_parquet({str(tmp_path / "candles.parquet")!r}, row_group_size=5)
    return {str(tmp_path / "candles.parquet")!r}
frame, job = rising(2), bs.ProcessingJob(None, "close > close[1]")
try:
    {ENDINGS[ending]}
except bs.RepositoryError:
    pass
print("over")
"""
    began = time.monotonic()
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LONG, check=False)

    assert (said.returncode, said.stdout, said.stderr) == (0, "over\n", "")
    assert time.monotonic() - began < LONG / 2


def test_where_a_thread_is_that_hangs():
    assert whereabouts(None) == ""
    assert whereabouts(threading.Thread()) == ""
