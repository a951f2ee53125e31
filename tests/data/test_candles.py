"""Candles kept as runs of rows: where each symbol starts, and the same frame back."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barsweep.data import Candles

FIRST = date(2024, 1, 1)


def frame_of(lengths, dtype=pl.String):
    """A sorted frame of so many bars for each symbol."""
    return pl.DataFrame(
        {
            "symbol": pl.Series([symbol for symbol, n in lengths.items() for _ in range(n)], dtype=pl.String).cast(
                dtype
            ),
            "ts": pl.Series([FIRST + timedelta(days=bar) for n in lengths.values() for bar in range(n)], dtype=pl.Date),
            "close": pl.Series([float(bar) for n in lengths.values() for bar in range(n)], dtype=pl.Float64),
        }
    )


@given(st.dictionaries(st.text(max_size=20), st.integers(1, 4), max_size=8))
def test_runs_are_those_of_the_frame_and_the_frame_comes_back(lengths):
    ordered = dict(sorted(lengths.items(), key=lambda item: item[0].encode()))
    frame = frame_of(ordered)

    candles = Candles.of(frame)

    assert candles.symbols == tuple(ordered)
    assert candles.lengths.tolist() == list(ordered.values())
    assert candles.starts.dtype == np.int64
    assert candles.height == frame.height
    assert candles.frame.equals(frame)
    assert Candles(candles.symbols, candles.starts, candles.table).frame.equals(frame)  # made of the runs


@pytest.mark.parametrize(("first", "last"), [(0, 3), (0, 1), (1, 3), (2, 3), (1, 1), (3, 9), (0, 9)])
def test_a_slice_has_whole_symbols(first, last):
    candles = Candles.of(frame_of({"A": 2, "B": 1, "C": 3}))
    chosen = ["A", "B", "C"][first:last]

    part = candles.slice(first, last)

    assert part.symbols == tuple(chosen)
    assert part.starts[0] == 0
    assert part.starts[-1] == part.height
    assert part.frame.equals(candles.frame.filter(pl.col("symbol").is_in(chosen)))


def test_a_slice_of_a_slice():
    candles = Candles.of(frame_of({"A": 2, "B": 1, "C": 3}))

    assert candles.slice(1, 3).slice(1, 2).frame.equals(candles.slice(2, 3).frame)


@pytest.mark.parametrize("dtype", [pl.Categorical(), pl.Enum(["B", "A"])])
def test_categories_become_text(dtype):
    frame = frame_of({"A": 2, "B": 1})

    assert Candles.of(frame.cast({"symbol": dtype})).frame.equals(frame)


def test_no_rows():
    candles = Candles.of(frame_of({}))

    assert (candles.symbols, candles.starts.tolist(), candles.height) == ((), [0], 0)
    assert candles.frame.schema == {"symbol": pl.String, "ts": pl.Date, "close": pl.Float64}


@pytest.mark.parametrize("order", [["B", "A"], ["A", "B", "A"]])
def test_a_frame_out_of_order_is_refused(order):
    with pytest.raises(ValueError, match="not sorted by symbol"):
        Candles.of(pl.DataFrame({"symbol": order, "ts": [FIRST] * len(order)}))


def test_columns_are_chosen():
    candles = Candles.of(frame_of({"A": 2}).with_columns(volume=pl.lit(1.0)))

    assert candles.select("volume").frame.columns == ["symbol", "ts", "volume"]


@given(st.permutations(["A", "B", "C", "D", "E"]), st.integers(0, 5), st.booleans())
def test_symbols_have_their_numbers_whether_they_are_a_run_or_not(asked, many, beyond):
    """In any order and with any that there are not; the numbers ascend, and name the same symbols."""
    candles = Candles.of(frame_of(dict.fromkeys("ABCDE", 2)))
    some = [*asked[:many], *(["Z"] if beyond else [])]

    for wanted in (some, sorted(some)):
        numbers = candles.numbers_of(wanted)
        assert numbers.tolist() == sorted("ABCDE".index(symbol) for symbol in asked[:many])
        assert candles.named(numbers) == tuple(sorted(asked[:many]))
