"""A DuckDB file that this process has open already, or opens with another engine, can be scanned all the same."""

import duckdb
from fakes import candles

import barsweep as bs
from barsweep.data.into_database import write_table


def test_a_file_that_is_open_already_is_scanned(tmp_path):
    path = tmp_path / "candles.duckdb"
    write_table([candles({"A": [1, 2, 3]}).rename({"date": "ts"}, strict=False)], path, "candles")
    job = bs.ProcessingJob(None, "close > 1.5")
    with duckdb.connect(str(path), read_only=True):
        assert bs.scan("close > 1.5", path).counts["matches"] == 2

    first = bs.ProcessingEngine(path, memory_limit=2**30)
    assert first.run(job).counts["matches"] == 2
    with bs.ProcessingEngine(path, memory_limit=2**31) as second:
        assert second.run(job).counts["matches"] == 2
    first.shutdown()
