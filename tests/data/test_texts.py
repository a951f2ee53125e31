"""Where a column of texts changes, told by the views that stand for texts."""

from __future__ import annotations

import operator

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barsweep.data.numbers_of_rows import rows_where
from barsweep.data.texts import changes

LONG = "a name that is longer than twelve bytes"
NAMES = ["", "A", "AA", "Ä", "exactly12byt", "exactly12byu", LONG, LONG + "!", "a name that differs late, in its end"]


@given(st.lists(st.lists(st.tuples(st.sampled_from(NAMES), st.integers(1, 30))), max_size=4), st.integers(0, 5))
def test_changes_are_those_of_the_texts(pieces: list[list[tuple[str, int]]], begin: int) -> None:
    """For short and long texts, in one piece and in several, from the start and cut out of a column."""
    parts = [pl.Series([name for name, often in runs for _ in range(often)], dtype=pl.String) for runs in pieces]
    column = pl.concat([pl.Series([], dtype=pl.String), *parts], rechunk=False).slice(begin)
    texts = column.to_list()
    assert changes(column).tolist() == [row for row in range(1, len(texts)) if texts[row] != texts[row - 1]]


@pytest.mark.parametrize("names", [[None, None, "A", "A"], ["A", None, "A"], [None], [LONG, LONG, None]])
def test_a_missing_text_is_another_than_any(names: list[str | None]) -> None:
    """As for every kind of column."""
    column = pl.Series([name for name in names for _ in range(30)], dtype=pl.String)
    assert changes(column).tolist() == rows_where(column, operator.ne).tolist()


def test_pieces_whose_long_texts_look_alike_are_told_apart() -> None:
    """What a view says of a long text holds in its piece alone: its first letters, its length, and where it lies."""
    first, second = (pl.Series([f"same beginning, {end}"]) for end in ("one", "two"))
    assert changes(pl.concat([first, second], rechunk=False)).tolist() == [1]
    assert changes(pl.concat([first, first], rechunk=False)).tolist() == []


def test_long_texts_that_are_the_same_lie_anywhere() -> None:
    """Equal texts whose views differ are no change, be they few or many."""
    few = pl.concat([pl.Series([LONG]).repeat_by(100).explode(), pl.Series([LONG + ""])], rechunk=True)
    many = pl.Series([f"{LONG}{number // 2}" for number in range(100)])
    assert changes(few).tolist() == []
    assert changes(many).tolist() == list(range(2, 100, 2))
