"""Times as they are stored, of which those that no calendar has are null."""

from datetime import UTC, datetime

import polars as pl
import pytest

from barsweep.data.instants import in_calendar

KIND = pl.Datetime("us", "UTC")
FIT, EARLY, LATE = 1_700_000_000_000_000, -(2**62), 2**62


def stored(*pieces):
    """A column of microseconds since 1970, in so many pieces of memory."""
    column = pl.concat([pl.Series("ts", piece, pl.Int64) for piece in pieces], rechunk=False)
    assert column.n_chunks() == sum(map(bool, pieces))
    return column.cast(KIND)


@pytest.mark.parametrize("pieces", [([FIT],), ([FIT], [], [FIT + 1]), ([FIT, None], [FIT])])
def test_times_of_the_calendar_are_handed_on(pieces):
    column = stored(*pieces)

    assert in_calendar(column) is column


@pytest.mark.parametrize("outside", [EARLY, LATE])
@pytest.mark.parametrize("empty", [[], [None], [None, FIT]])
def test_times_beyond_it_are_null_in_whichever_piece_they_are(outside, empty):
    found = in_calendar(stored([FIT], empty, [outside]))

    assert found.to_list()[0] == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert found.to_list()[-1] is None
    assert found.null_count() == 1 + empty.count(None)
