"""What a repository is described by opens the same candles in another process, in the same way."""

import json
from datetime import date

import duckdb
import polars as pl
import pytest

from barsweep.data import CandlePolicy, FrameRepository, import_candles
from barsweep.data.describing import describe, open_described
from barsweep.data.opening import open_repository
from barsweep.errors import RepositoryError

OPTIONS = {
    "columns": {"close": "Last"},
    "tz": "America/New_York",
    "label": "end",
    "adjust": "factor",
    "timeframe": "1d",
    "symbol": "ACME",
    "policy": CandlePolicy(duplicate_ts="drop"),
}
WAYS = {
    "candles.parquet": {},
    "candles.duckdb": {"table": "candles", "settings": {"threads": 1}},
    "candles.store": {},
    "candles.csv": {"date_format": "%d/%m/%Y", "decimal": ","},
}


@pytest.fixture
def folder(tmp_path):
    """One symbol, which no column names; in the CSV dates and numbers can each be read in two ways."""
    frame = pl.DataFrame({"date": [date(2024, 2, 1), date(2024, 3, 1)], "Last": [155.342, 992.912], "factor": [1.0, 1]})
    frame.write_parquet(tmp_path / "candles.parquet")
    with duckdb.connect(str(tmp_path / "candles.duckdb")) as connection:
        connection.execute("create table candles as select * from frame")
    import_candles(tmp_path / "candles.parquet", tmp_path / "candles.store", columns=OPTIONS["columns"])
    rows = 'date,Last,factor\n01/02/2024,"155,342","1,000"\n01/03/2024,"992,912","1,000"\n'
    (tmp_path / "candles.csv").write_text(rows)
    return tmp_path


@pytest.mark.parametrize("name", WAYS)
def test_the_same_candles_are_opened_in_the_same_way(folder, name):
    options = {**OPTIONS, **WAYS[name]}
    if name == "candles.store":
        del options["columns"], options["symbol"]  # its columns have their names, its symbol too
    here = open_repository(folder / name, **options)

    described = json.loads(json.dumps(describe(here)))
    there = open_described(described)

    assert describe(there) == described
    assert {**described["options"], "policy": CandlePolicy(**described["options"]["policy"])} == options
    load = (None, "1d", None, None, ["close"], 0)
    assert there.load(*load).equals(here.load(*load))
    assert there.load(*load)["close"].to_pylist() == [155.342, 992.912]


def test_options_that_were_not_given_are_not_described(folder):
    assert describe(open_repository(folder / "candles.parquet"))["options"] == {}


def test_candles_of_this_process_alone_are_refused():
    frame = pl.DataFrame({"date": [date(2024, 1, 2)], "close": [1.0]})

    with pytest.raises(RepositoryError, match="a FrameRepository holds candles in this process alone: write them"):
        describe(FrameRepository(frame))


def test_a_description_of_another_version_is_told():
    with pytest.raises(RepositoryError, match="there is no kind of repository 'tape'; known are duckdb"):
        open_described({"kind": "tape", "path": "candles", "options": {}})
