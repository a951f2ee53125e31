"""Data as a page holds them: short, harmless, and what they were."""

import json
import re

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from barsweep.engine.report.packing import drawn, embedded, packed, rounded, unpacked


def restored(series):
    """What the page makes of a drawn series."""
    total, numbers = 0, []
    for step in series["v"]:
        total += step or 0
        numbers.append(None if step is None else total / 10 ** series["d"])
    return numbers


@given(st.lists(st.none() | st.floats(1e-6, 1e9), max_size=50))
def test_drawn_series_keep_what_can_be_seen(numbers):
    """What is lost is small beside all but the smallest numbers, or a billion times smaller than the largest."""
    again = restored(drawn(np.array([np.nan if each is None else each for each in numbers], np.float64)))

    assert [each is None for each in again] == [each is None for each in numbers]
    pairs = [(a, b) for a, b in zip(numbers, again, strict=True) if a is not None]
    known = sorted(a for a, _ in pairs)
    lost = max((abs(a - b) for a, b in pairs), default=0)
    assert not known or lost <= max(1e-3 * known[len(known) // 20], 1e-9 * known[-1])


def test_prices_in_cents_stay_exact():
    cents = np.arange(1, 5000) / 100

    assert restored(drawn(cents)) == cents.tolist()
    assert drawn(cents)["d"] == 2


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_data_come_out_as_they_went_in(value):
    assert unpacked(packed(value)) == value
    assert json.loads(embedded(value)) == value
    assert not set("<>&\u2028\u2029") & set(embedded(value))
    assert re.fullmatch(r"[A-Za-z0-9+/=]+", packed(value))


def test_a_table_is_rounded_for_reading():
    frame = pl.DataFrame(
        {"a": [1 / 3, None, float("nan")], "b": [True, None, False], "c": [1, 2, 3], "d": ["x", None, "y"]}
    )

    assert rounded(frame).rows() == [(0.333333333, 1, 1, "x"), (None, None, 2, None), (None, 0, 3, "y")]
