"""What a repository remembers of its candles gives the same, to the bit, as checking them anew each time."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from faulty import DAYS, FIELDS, FIRST, candles, policies, same
from hypothesis import given, settings
from hypothesis import strategies as st

from barsweep.data import CandlePolicy, FrameRepository, check_candles, companions


@settings(deadline=None, max_examples=200)
@given(
    candles(),
    policies(),
    st.lists(
        st.tuples(
            st.none() | st.sets(st.sampled_from(["A", "B", "C", "D"])),
            st.tuples(DAYS, DAYS).map(lambda days: days if None in days else tuple(sorted(days))),
            st.sampled_from([0, 1, 3, None]),
            st.lists(st.sampled_from(FIELDS), min_size=1, unique=True),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_remembered_is_fresh(frame, policy, loads):
    """Of any loads in any order each has what a check of its own candles has."""
    repository = FrameRepository(frame, timeframe="1d", policy=policy)
    for symbols, (start, end), before, columns in loads:
        chosen = None if symbols is None else sorted(symbols)
        table = FrameRepository(frame, timeframe="1d").load(
            chosen, "1d", start, end, companions(columns, policy, FIELDS), before
        )

        remembered = repository.load_checked(chosen, "1d", start, end, columns, before, policy)

        same(remembered, check_candles(table, policy, columns))


def test_clean_columns_are_the_frames_own():
    frame = pl.DataFrame(
        {"symbol": ["A", "A", "B"], "ts": [FIRST, FIRST + timedelta(1), FIRST], "close": [1.0, 2.0, 3.0]}
    )
    repository = FrameRepository(frame)

    checked = repository.load_checked(["A"], "1d", None, None, ["close"], None, CandlePolicy())

    ours, given_values = checked.candles.table["close"].to_numpy(), frame["close"].to_numpy()
    assert np.shares_memory(ours, given_values)


def test_a_column_of_text_fails_only_where_it_is_no_number():
    frame = pl.DataFrame({"symbol": ["A", "B"], "ts": [FIRST, FIRST], "close": ["1.5", "x"]})
    repository = FrameRepository(frame)

    assert repository.load_checked(["A"], "1d", None, None, ["close"], 0, CandlePolicy()).frame["close"].to_list() == [
        1.5
    ]
    with pytest.raises(Exception, match="close of B at 2024-01-01 is no number: 'x'"):
        repository.load_checked(None, "1d", None, None, ["close"], 0, CandlePolicy())


def test_a_load_of_ones_own_is_asked():
    class Halved(FrameRepository):
        def load(self, *args, **kwargs):
            table = super().load(*args, **kwargs)
            return table.slice(0, table.num_rows // 2)

    frame = pl.DataFrame({"symbol": ["A", "A"], "ts": [FIRST, FIRST + timedelta(1)], "close": [1.0, 2.0]})

    assert Halved(frame).load_checked(None, "1d", None, None, ["close"], 0, CandlePolicy()).candles.height == 1


@pytest.mark.parametrize("label", ["start", "end"])
def test_longer_bars_and_labels_are_checked_as_ever(label):
    days = pl.date_range(FIRST, FIRST + timedelta(30), eager=True)
    frame = pl.DataFrame({"symbol": "A", "ts": days, "close": [float(day) for day in range(len(days))]})
    repository = FrameRepository(frame, label=label, timeframe="1d")
    for timeframe in ("1d", "1w"):
        table = repository.load(None, timeframe, None, None, ["close"])

        remembered = repository.load_checked(None, timeframe, None, None, ["close"], 0, CandlePolicy())

        same(remembered, check_candles(table))
