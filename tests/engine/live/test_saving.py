"""A scanner's state in a file: whole, of this version, for these formulas, or refused."""

import datetime as dt
import json
import zipfile

import polars as pl
import pytest

import barsweep as bs
from barsweep.data import CandlePolicy

DAYS = pl.date_range(dt.date(2024, 1, 1), dt.date(2024, 1, 20), eager=True)
HISTORY = pl.DataFrame({"symbol": "A", "ts": DAYS, "close": [float(n) for n in range(20)]})
NEXT = {"symbol": "A", "ts": dt.date(2024, 1, 21), "close": 30.0}


@pytest.fixture
def saved(tmp_path):
    bs.LiveScanner("ema(close, 3)", HISTORY).save(tmp_path / "state")
    return tmp_path / "state"


def test_a_restored_scanner_goes_on_where_the_other_was(saved):
    """And knows its symbols and last bars."""
    scanner = bs.LiveScanner.restore(saved, "ema(close, 3)")

    assert scanner.push({**NEXT, "ts": dt.date(2024, 1, 20)}).refused.height == 1
    assert scanner.push(NEXT).values.equals(bs.LiveScanner("ema(close, 3)", HISTORY).push(NEXT).values)


def test_bars_that_wait_are_saved_too(tmp_path):
    """None is lost."""
    scanner = bs.LiveScanner("close", HISTORY, lateness=dt.timedelta(days=1))
    scanner.push(NEXT)
    scanner.save(tmp_path / "state")

    restored = bs.LiveScanner.restore(tmp_path / "state", "close", lateness=dt.timedelta(days=1))

    assert restored.flush().values.rows() == [("A", dt.date(2024, 1, 21), 30.0)]


def test_a_scanner_without_a_bar_can_be_saved(tmp_path):
    bs.LiveScanner("ema(close, 3)").save(tmp_path / "state")

    restored = bs.LiveScanner.restore(tmp_path / "state", "ema(close, 3)")

    assert restored.push(NEXT).values["value"].to_list() == [None]


def test_what_is_done_with_faulty_bars_stays_the_same(tmp_path):
    """The history is not there any more, whose policy said it."""
    history = bs.FrameRepository(HISTORY, policy=CandlePolicy(non_positive="keep"))
    bs.LiveScanner("close", history).save(tmp_path / "state")

    restored = bs.LiveScanner.restore(tmp_path / "state", "close")

    assert restored.push({**NEXT, "close": -1.0}).values["value"].to_list() == [-1.0]


@pytest.mark.parametrize(
    ("formula", "options"),
    [("ema(close, 4)", {}), ("sma(close, 3)", {}), ("param n = 4; ema(close, n)", {})],
)
def test_other_formulas_are_refused(saved, formula, options):
    """Their state means something else."""
    with pytest.raises(bs.ProcessingEngineError, match="saved with other formulas or options"):
        bs.LiveScanner.restore(saved, formula, **options)


def test_a_damaged_file_is_refused(saved):
    """Cut off, changed inside, of another format, or none at all."""
    content = saved.read_bytes()
    saved.write_bytes(content[: len(content) // 2])
    with pytest.raises(bs.ProcessingEngineError, match="no saved scanner, or damaged"):
        bs.LiveScanner.restore(saved, "ema(close, 3)")
    saved.unlink()
    with pytest.raises(bs.ProcessingEngineError, match="there is no file"):
        bs.LiveScanner.restore(saved, "ema(close, 3)")


def rewritten(path, change):
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def test_parts_that_are_not_what_was_written_are_refused(saved):
    def change(parts):
        parts["states-0.npy"] = parts["states-0.npy"][:-8] + b"\0" * 8

    rewritten(saved, change)

    with pytest.raises(bs.ProcessingEngineError, match=r"is damaged: states-0\.npy"):
        bs.LiveScanner.restore(saved, "ema(close, 3)")


def test_another_format_is_refused(saved):
    def change(parts):
        parts["about.json"] = json.dumps({**json.loads(parts["about.json"]), "format": 99}).encode()

    rewritten(saved, change)

    with pytest.raises(bs.ProcessingEngineError, match="has format 99"):
        bs.LiveScanner.restore(saved, "ema(close, 3)")


def test_a_file_that_cannot_be_written_leaves_the_older_one(saved, tmp_path):
    """And nothing beside it."""
    before = saved.read_bytes()

    with pytest.raises(bs.ProcessingEngineError, match="cannot be written"):
        bs.LiveScanner("ema(close, 3)", HISTORY).save(tmp_path / "missing" / "state")

    assert saved.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["state"]


def test_tables_and_other_symbols_are_known_after_a_restart(tmp_path):
    """A symbol that a formula names need not be pushed first."""
    spy = HISTORY.with_columns(pl.lit("SPY").alias("symbol"), pl.col("close") * 2)
    both = pl.concat([HISTORY, spy])
    earnings = pl.DataFrame({"symbol": "A", "published": [dt.date(2024, 1, 5)], "eps": [2.5]})
    formulas = {"ratio": 'close / symbol("SPY", close)', "eps": 'table("earnings", eps)'}
    scanner = bs.LiveScanner(formulas, both, tables={"earnings": earnings})
    scanner.save(tmp_path / "state")

    restored = bs.LiveScanner.restore(tmp_path / "state", formulas, tables={"earnings": earnings})
    bars = pl.DataFrame([NEXT, {**NEXT, "symbol": "SPY", "close": 60.0}])

    values = restored.push(bars).values
    assert values.equals(scanner.push(bars).values, null_equal=True)
    assert values.filter(pl.col("symbol") == "A").row(0)[2:] == (0.5, 2.5)
