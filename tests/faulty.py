"""Random candles with every kind of fault, random policies, and what two checks of them have to share."""

from datetime import date, timedelta

import polars as pl
from hypothesis import strategies as st

from barsweep.data import CandlePolicy

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
