"""Memory between layers: lent to columns, and back when nothing that lies in it is used any more."""

import errno
import mmap

import pytest

import barsweep as bs
from barsweep.data import sample_candles
from barsweep.data.handing import column_of
from barsweep.engine.executors import blocks
from barsweep.engine.executors import rooms as module
from barsweep.engine.executors.rooms import PIECE, Rooms

ALPHAS = {"a": "rank(rank(close) - rank(volume))", "b": "rank(sma(rank(close), 5))", "c": "rank(close)"}


def test_columns_do_not_overlap_and_begin_with_a_line():
    columns = list(Rooms().several(1001, 5))
    for number, column in enumerate(columns):
        column[:] = number
    assert [column.shape for column in columns] == [(1001,)] * 5
    assert [(column == number).all() for number, column in enumerate(columns)] == [True] * 5
    assert len({column.ctypes.data % 64 for column in columns}) == 1


@pytest.mark.parametrize("rows", [0, 1, PIECE - 1, PIECE + 1])
def test_columns_of_any_length_have_room(rows):
    assert [column.size for column in Rooms().several(rows, 3)] == [rows] * 3


def test_a_piece_comes_back_with_its_last_column():
    rooms = Rooms()
    first, second = rooms.several(1000, 2)
    address = first.ctypes.data
    del first
    assert rooms.kept == 0
    del second
    assert rooms.kept == 8 * 2048
    (again,) = rooms.several(2000, 1)
    assert again.ctypes.data == address
    assert rooms.kept == 0


def test_a_series_holds_what_it_shows():
    rooms = Rooms()
    (numbers,) = rooms.several(100, 1)
    numbers[:] = 7.0
    series = column_of("x", numbers)[10:20]
    del numbers
    (other,) = rooms.several(100, 1)
    other[:] = 0.0
    assert series.to_list() == [7.0] * 10
    del series
    assert rooms.kept == 8 * 128


def test_more_than_the_most_is_given_to_the_system(monkeypatch):
    monkeypatch.setattr(module, "MOST_IDLE", 2 * PIECE)
    rooms = Rooms()
    columns = list(rooms.several(PIECE, 5))
    del columns
    assert rooms.kept == 2 * 8 * PIECE
    rooms.keep_within(8 * PIECE)
    assert rooms.kept == 8 * PIECE
    rooms.keep_within(0)
    assert rooms.kept == 0


def test_results_stay_as_they_are_while_others_are_computed():
    """Columns of results that lie in lent memory are not written to by later runs of the same plan."""
    engine = bs.ProcessingEngine(bs.FrameRepository(sample_candles(40, 300, defects=False)), max_workers=2)
    job = bs.ProcessingJob(None, ALPHAS)
    first = engine.evaluate(job)
    values = first.to_dict(as_series=False)
    for _ in range(3):
        assert engine.evaluate(job).to_dict(as_series=False) == values
    assert first.to_dict(as_series=False) == values


def test_columns_that_live_equally_long_go_together():
    """A piece is given back when all that stands in it goes: one that lives longer must not keep the others."""
    rooms = Rooms()
    short, long, other = rooms.lasting(1000, ["a", "b", "c"], {"a": 1, "b": 2, "c": 1})
    assert short.ctypes.data != long.ctypes.data
    del short, other
    assert rooms.kept == 8 * 2048
    del long
    assert rooms.kept == 8 * (2048 + 1024)


def test_no_more_is_held_than_was_ever_used_at_once():
    rooms = Rooms()
    columns = list(rooms.several(1000, 4))
    del columns
    assert rooms.kept == 8 * 4096
    (column,) = rooms.several(5000, 1)
    assert rooms.kept == 0
    assert column.size == 5000


def test_a_system_without_large_pages_hands_out_small_ones(monkeypatch):
    class Refusing(mmap.mmap):
        def madvise(self, *_):
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(blocks.mmap, "mmap", Refusing)
    block = blocks.block_of(blocks.LEAST)
    block[:] = 1.0
    assert block.sum() == blocks.LEAST
