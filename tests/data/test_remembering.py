"""What a repository remembers of its candles gives the same, to the bit, as checking them anew each time."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barsweep.data import CandlePolicy, FrameRepository, check_candles, companions

FIRST = date(2024, 1, 1)
FIELDS = ("open", "high", "low", "close", "volume")
NAN, INF = float("nan"), float("inf")
VALUES = st.sampled_from([1.0, 2.0, 3.0, 2.5, 0.1 + 0.2, 5e-324, 1e308, 0.0, -0.0, -1.0, NAN, INF, -INF, None])
DAYS = st.dates(FIRST - timedelta(2), FIRST + timedelta(12)) | st.none()


@st.composite
def candles(draw):
    """Some symbols with some bars, many of them faulty, in any order."""
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["A", "B", "C", "a name of many letters"]),
                st.integers(0, 9).map(lambda day: FIRST + timedelta(days=day)) | st.just(None),
                *[VALUES] * len(FIELDS),
            ),
            max_size=30,
        )
    )
    schema = {"symbol": pl.String, "ts": pl.Date, **dict.fromkeys(FIELDS, pl.Float64)}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame if draw(st.booleans()) else frame.sort("symbol", "ts")


@st.composite
def policies(draw):
    """Any policy."""
    rows, places = st.sampled_from(["error", "drop", "keep"]), st.sampled_from(["error", "keep"])
    fields = st.sampled_from(["error", "drop", "undefined", "keep"])
    kinds = ("null", "nan", "infinite", "non_positive", "high_below_low", "close_outside")
    chosen = {kind: draw(fields) for kind in kinds if draw(st.booleans())}
    return CandlePolicy(duplicate_ts=draw(rows), unsorted=draw(places), **chosen)


def same(left, right):
    """Both checked candles are alike, to the bit."""
    assert bits(left.frame).equals(bits(right.frame))
    assert left.candles.symbols == right.candles.symbols
    assert left.candles.starts.tolist() == right.candles.starts.tolist()
    assert dict(left.counts) == dict(right.counts)
    assert {symbol: dict(kinds) for symbol, kinds in left.by_symbol.items()} == {
        symbol: dict(kinds) for symbol, kinds in right.by_symbol.items()
    }
    assert {symbol: str(error) for symbol, error in left.errors.items()} == {
        symbol: str(error) for symbol, error in right.errors.items()
    }
    assert left.shortened == right.shortened


def bits(frame):
    """Floats as whole numbers, so that 0.0 and -0.0 differ."""
    return frame.with_columns(pl.selectors.float().reinterpret(signed=True))


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
