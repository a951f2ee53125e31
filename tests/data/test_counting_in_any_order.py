"""Symbols of files in any order are counted in pieces: as if all rows were read."""

from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barsweep import FrameRepository
from barsweep.data import ParquetRepository

NAMES = {
    "texts": (["A", "B", "Ä", ""], pl.String),
    "categories": (["A", "B", "Ä", ""], pl.Categorical),
    "listed": (["B", "A", "Ä", ""], pl.Enum(["B", "", "Ä", "A"])),
    "numbers": ([7, 12, 700, -1], pl.Int64),
}
MOMENTS = [datetime(2024, 3, 10) + timedelta(hours=hours) for hours in (-40, 0, 1, 2, 2.5, 3, 90)]
TIMES = {
    "dates": ([date(2024, 1, day) for day in range(1, 8)], pl.Date),
    "milliseconds": (MOMENTS, pl.Datetime("ms")),
    "microseconds": (MOMENTS, pl.Datetime("us")),
    "nanoseconds": (MOMENTS, pl.Datetime("ns")),
    "a zone": (MOMENTS, pl.Datetime("us", "America/New_York")),
    "marks": ([*(round(moment.timestamp() * 1000) for moment in MOMENTS[:5]), 2**60, -(2**60)], pl.Int64),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("counted") / "candles.parquet"


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("names", NAMES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.sampled_from([0, 1, 2, 3, None]), st.sampled_from([*range(7), None])), min_size=1),
    zone=st.sampled_from([None, "America/New_York"]),
)
def test_any_rows_are_counted_as_if_they_were_read(path, names, times, rows, zone):
    (symbols, of_symbols), (moments, of_moments) = NAMES[names], TIMES[times]
    chosen = [None if row is None else symbols[row] for row, _ in rows]
    stored = pl.Series("ts", [None if row is None else moments[row] for _, row in rows], dtype=of_moments)
    ts = stored.cast(pl.Datetime("ms")) if times == "marks" else stored
    frame = pl.DataFrame([pl.Series("symbol", chosen, dtype=of_symbols), ts]).with_columns(close=1.0)
    frame.write_parquet(path)

    counted, read = ParquetRepository(path, tz=zone), FrameRepository(frame, tz=zone)

    assert counted.labels.equals(read.labels)
    assert counted.nameless == read.nameless


def test_rows_of_no_symbol_are_logged(path, caplog):
    pl.DataFrame({"symbol": ["B", None, "A"], "ts": [date(2024, 1, 2)] * 3, "close": 1.0}).write_parquet(path)

    with caplog.at_level("WARNING", logger="barsweep"):
        assert ParquetRepository(path).symbols("1d") == ["A", "B"]

    assert [(record.event, record.rows) for record in caplog.records] == [("rows left out", 1)]
