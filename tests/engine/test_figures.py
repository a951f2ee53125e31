"""Figures by symbol that are kept in arrays until somebody looks."""

from __future__ import annotations

import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from barsweep.engine.figures import Figures

PARTS = st.lists(st.dictionaries(st.text("ABCDEF", min_size=1, max_size=3), st.integers(-5, 5), min_size=1), max_size=4)


@given(PARTS, st.data())
def test_they_are_what_a_dict_would_be(parts: list[dict[str, int]], data: st.DataObject) -> None:
    """However many arrays they came in, before and after somebody has looked."""
    figures, expected = Figures[int](), dict[str, int]()
    for part in parts:
        new = {symbol: value for symbol, value in sorted(part.items()) if symbol not in expected}
        as_array = Figures[int].of(tuple(new), np.array([*new.values()], np.int64))
        figures.add(as_array if data.draw(st.booleans()) else Figures(new))
        expected |= new
        if data.draw(st.booleans()):
            assert dict(figures) == expected
        assert (figures.total, len(figures), figures.first) == (
            sum(expected.values()),
            len(expected),
            min(expected, default=""),
        )
    again = pickle.loads(pickle.dumps(figures))
    assert dict(figures) == dict(again) == expected
    assert all(type(value) is int for value in figures.values())


def test_what_is_forgotten_counts_no_more() -> None:
    """As of symbols whose results are not written after a cancel."""
    figures = Figures.of(("A", "B"), np.array([1.5, 2.5]))
    assert (figures.pop("B"), figures.pop("C", None), figures.total) == (2.5, None, 1.5)
