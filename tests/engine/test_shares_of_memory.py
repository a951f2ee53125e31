"""What repositories and containers leave of the memory, and what goes to files part by part."""

from pathlib import Path

import polars as pl
import psutil
import pytest
from fakes import rising
from polars.testing import assert_frame_equal

import barsweep as bs
from barsweep import DuckDBRepository, FrameRepository, ProcessingEngine, ProcessingJob
from barsweep.data.into_database import write_table
from barsweep.engine import braking, residing
from barsweep.engine.budgeting import Demand

UP = "close > close[1]"


@pytest.mark.parametrize(
    ("limit", "settings", "expected"),
    [
        (1000 * 2**20, {}, "250.0 MiB"),
        (100 * 2**20, {}, "64.0 MiB"),
        (1000 * 2**20, {"memory_limit": "700MiB"}, "700.0 MiB"),
    ],
)
def test_duckdb_gets_a_share(limit, settings, expected, tmp_path):
    write_table([rising(3)], tmp_path / "candles.duckdb", "candles")
    with DuckDBRepository(tmp_path / "candles.duckdb", settings=settings) as repository:
        repository.symbols("1d")
        ProcessingEngine(repository, memory_limit=limit).run(ProcessingJob(None, UP))
        (found,) = repository.cursor().execute("select current_setting('memory_limit')").fetchall()

    assert found == (expected,)


@pytest.mark.parametrize("share", [None, 0])
@pytest.mark.parametrize("symbols", [None, ["S001", "S002", "S005"], []])
def test_a_frame_in_pieces_is_copied_as_a_whole_only_where_there_is_room(share, symbols):
    """What is loaded is the same."""
    whole = rising(8, bars=30).with_columns(pl.col("volume").cast(pl.Int64))
    pieces = FrameRepository(pl.concat([whole.slice(row, 16) for row in range(0, whole.height, 16)], rechunk=False))
    if share is not None:
        pieces.limit_memory(share)
    asked = (symbols, "1d", None, None, ["close", "volume"], 0, bs.data.CandlePolicy())

    found, expected = pieces.load_checked(*asked), FrameRepository(whole).load_checked(*asked)

    assert_frame_equal(found.frame, expected.frame)
    assert pieces.given.n_chunks() > 1
    assert sorted(pieces.inspection.columns) == (["close", "volume"] if share is None else [])


@pytest.mark.parametrize("kind", ["parquet", "duckdb", "folder", "hive"])
def test_files_are_streamed(kind, tmp_path):
    frame = rising(12, bars=100)
    source = tmp_path / f"candles.{kind}"
    if kind == "parquet":
        frame.write_parquet(source, row_group_size=130)
    elif kind == "duckdb":
        write_table([frame], source, "candles")
    else:
        for (symbol,), rows in frame.group_by("symbol"):
            part = source / (f"symbol={symbol}" if kind == "hive" else "")
            part.mkdir(parents=True, exist_ok=True)
            rows.drop("symbol").write_parquet(part / f"{symbol}.parquet")

    result = bs.scan(UP, source, output=tmp_path / "found.parquet")

    assert_frame_equal(pl.read_parquet(tmp_path / "found.parquet"), bs.scan(UP, frame).matches)
    assert result.counts["loaded"] == 1_200


def test_a_large_table_is_written_in_groups_of_rows(tmp_path, monkeypatch):
    from barsweep.engine import stored

    monkeypatch.setattr(stored, "BYTES_OF_GROUP", 10_000)
    table = rising(20, bars=100)
    with stored.TableFile(tmp_path / "table.parquet") as file:
        file.write(table)
        found = file.finish(table)

    assert_frame_equal(found.slice(0), table)
    assert found.height == 2000
    assert Path(found.path).stat().st_size > 0


def test_a_containers_bound_counts_where_it_is_less_than_the_machine_has(monkeypatch, tmp_path):
    """Control groups say "max", or a number beyond all memory, where there is no bound."""
    there, bounds = psutil.virtual_memory().total, [tmp_path / "max", tmp_path / "bytes", tmp_path / "missing"]
    monkeypatch.setattr(residing, "GROUPS", bounds)
    bounds[0].write_text("max\n")
    bounds[1].write_text(f"{2**63 - 4096}\n")
    assert residing.memory_at_hand() == there

    bounds[1].write_text(f"{2**28}\n")
    assert residing.memory_at_hand() == 2**28
    monkeypatch.setattr(residing, "resident", lambda: 2**27)
    assert residing.free_memory() == 2**27
    monkeypatch.setattr(residing, "resident", lambda: 2**29)
    assert residing.free_memory() == 0
    assert braking.limit_or_usual(None) == 2**26


def test_the_usual_limit_is_a_quarter_of_the_memory_and_elsewhere_no_more_than_a_gigabyte(monkeypatch):
    monkeypatch.setattr(braking, "memory_at_hand", lambda: 2**34)

    assert braking.limit_or_usual(None) == 2**32
    assert braking.limit_or_usual(None, apart=True) == 2**30
    assert braking.limit_or_usual(5) == 5


def test_batches_at_work_take_no_more_than_makes_them_faster():
    """What else there is, is for results."""
    demand = Demand(8, {"A": 10}, reported=2**20)
    assert [demand.at_work(2**size) for size in (24, 29, 30, 31, 34)] == [2**23, 2**28, 2**29, 2**30, 2**31]
