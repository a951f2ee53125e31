"""Candles that lie scattered over a table are gone over once: loads are those of the table itself."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from faulty import FIELDS, FIRST, candles, same
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barsweep.data import CandlePolicy, ParquetRepository, check_candles, gathered, gathering
from barsweep.data.gathered import GatheredRepository
from barsweep.data.instants import Bounds
from barsweep.data.loading import Loading
from barsweep.data.timeframes import Timeframe
from barsweep.errors import RepositoryError

MOMENTS = [datetime(2024, 3, 8, 20) + timedelta(hours=hour) for hour in range(60)]
SCATTERED = pl.DataFrame(
    {
        "symbol": ["C", "A", "B"] * 60,
        "ts": [moment for moment in MOMENTS for _ in range(3)],
        "close": [float(row) for row in range(180)],
        "volume": list(range(180)),
        "sector": [("tech", None, "energy, and a long name of it")[row % 3] for row in range(180)],
        "held": [row % 7 == 0 for row in range(180)],
    },
    schema_overrides={"sector": pl.Categorical},
)
EVER = Bounds(None, None)
COLUMNS = ["close", "volume", "sector", "held"]


def of_groups(source, groups, columns, around):
    known = source.symbols("1d")
    return GatheredRepository(
        source, [[name for name in group if name in known] for group in groups], columns, around, cells=15
    )


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    candles(),
    st.sampled_from([["A"], ["A", "C"], ["B", "D"], ["A", "B", "C"], []]),
    st.sampled_from([None, FIRST + timedelta(4)]),
    st.sampled_from([None, FIRST + timedelta(6)]),
    st.sampled_from([0, 2, None]),
    st.sampled_from([[["A", "B", "C"]], [["A"], ["B", "C"]], [["A"], ["B"], ["C"]]]),
    st.booleans(),
)
def test_loads_are_those_of_the_table(opened, monkeypatch, frame, symbols, start, end, before, groups, bounded):
    """Whatever is missing, comes twice or lies in a wrong place."""
    source = opened(frame)
    known = [name for name in symbols if name in source.symbols("1d")]  # others are not asked for

    around = Loading(source, source.stored, FIELDS).around(start, end, before) if bounded else EVER

    for policy in (CandlePolicy(duplicate_ts="drop", null="drop"), CandlePolicy()):
        found = of_groups(source, groups, FIELDS, around)
        for columns in (["close", "high"], ["volume"]):
            asked = (known, "1d", start, end, columns, before, policy)
            same(found.load_checked(*asked), source.load_checked(*asked))


def loading(source, timeframe, start, end, columns, before):
    return Loading(source, Timeframe.parse(timeframe), columns).around(start, end, before)


@pytest.mark.parametrize("options", [{}, {"tz": "America/New_York"}, {"label": "end"}, {"adjust": "close"}], ids=str)
def test_every_kind_of_column_and_time(opened, options):
    source = opened(SCATTERED, **options)
    source.told_timeframe = None
    found = GatheredRepository(source, [["A", "B"], ["C"]], COLUMNS, EVER)

    assert source.can_be_gathered
    for timeframe in ("1h", "4h"):
        for symbols in (["A", "B", "C"], ["B"], ["A", "C"]):
            asked = (symbols, timeframe, MOMENTS[10], MOMENTS[50], COLUMNS, 3)
            assert found.load(*asked).equals(source.load(*asked))
            bounded = GatheredRepository(source, [["A", "B", "C"]], COLUMNS, loading(source, *asked[1:]))
            assert bounded.load(*asked).equals(source.load(*asked))
            same(
                found.load_checked(*asked, CandlePolicy()),
                check_candles(source.load(*asked), CandlePolicy(), COLUMNS),
            )


def test_tables_that_lie_symbol_after_symbol_are_not_gathered(opened, database):
    together = SCATTERED.sort("symbol", "ts")

    assert not opened(together).can_be_gathered
    assert not opened(SCATTERED.with_columns(pl.col("ts").dt.to_string())).can_be_gathered  # all tell what they mean
    view = database(SCATTERED, "create view seen as select * from candles", table="seen")
    assert not view.can_be_gathered  # which may answer otherwise each time


def test_texts_are_written_once(opened):
    """Not with each of the groups."""
    frame = SCATTERED.with_columns(
        pl.col("sector").cast(pl.String) + " and a name of sixty letters, or nearly so it is"
    )
    source = opened(frame)

    found = GatheredRepository(source, [["A"], ["B"], ["C"]], ["sector"], EVER)

    assert found.gathering.size < 2 * (frame["sector"].str.len_bytes().sum() + 180 * 16 + 3 * 64 * 20)
    asked = (["B"], "1d", None, None, ["sector"], 0)
    assert found.load(*asked).equals(source.load(*asked))


class OwnLoad(ParquetRepository):
    """May make something else of what is stored."""

    def load(self, *given):
        return super().load(*given)


class OwnRead(ParquetRepository):
    """As above."""

    def read(self, *given):
        return super().read(*given)


class Named(ParquetRepository):
    """Makes nothing else of it."""


@pytest.mark.parametrize(("kind", "gathers"), [(OwnLoad, False), (OwnRead, False), (Named, True)])
def test_a_class_of_ones_own_is_asked_itself(folder, kind, gathers):
    assert gathered.can_be_gathered(kind(folder(SCATTERED).path)) is gathers


def test_who_passes_everything_on_is_asked_itself(folder):
    class Passing:
        def __init__(self, inner):
            self.inner = inner

        def __getattr__(self, name):
            return getattr(self.inner, name)

    assert not gathered.can_be_gathered(Passing(folder(SCATTERED)))


def test_few_cells_are_held_at_a_time(opened, monkeypatch):
    source, heights = opened(SCATTERED), []
    own = type(source).pieces

    def pieces(self, *given):
        for piece in own(self, *given):
            heights.append(piece.height)
            yield piece

    monkeypatch.setattr(type(source), "pieces", pieces)
    GatheredRepository(source, [["A", "B", "C"]], ["close", "volume"], EVER, cells=4 * 40)

    assert sum(heights) == 180
    assert max(heights) == 40


def test_a_source_that_changes_on_the_way_is_refused(folder):
    source = folder(SCATTERED)
    names = []

    def change():
        names.append(1)
        if len(names) == 1:
            SCATTERED.write_parquet(source.path / "another.parquet")

    with pytest.raises(RepositoryError, match="was changed while it was read: try again") as caught:
        GatheredRepository(source, [["A", "B", "C"]], ["close"], EVER, change)

    assert caught.value.retryable


def test_a_disk_that_is_full_is_told(folder, monkeypatch, tmp_path):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gathering.tempfile, "TemporaryFile", full)

    with pytest.raises(
        gathered.NotGatheredError, match="cannot be put into a temporary file: No space left on device; set TMPDIR"
    ):
        GatheredRepository(folder(SCATTERED), [["A", "B", "C"]], ["close"], EVER)


def test_rows_of_nobody_are_left_where_they_are(opened):
    nameless = SCATTERED.with_columns(pl.when(pl.col("symbol") != "B").then("symbol").alias("symbol"))
    source = opened(nameless)

    found = GatheredRepository(source, [["A"], ["C"]], ["close"], EVER)

    assert found.symbols("1d") == ["A", "C"]
    assert found.notes == source.notes == ("left out: 60 rows without a symbol",)
    asked = (["A", "C"], "1d", date(2024, 3, 9), None, ["close"], 0)
    assert found.load(*asked).equals(source.load(*asked))


def test_files_outside_the_bounds_are_not_gathered(opened):
    source = opened(SCATTERED)
    day = Bounds(datetime(2024, 3, 9, tzinfo=UTC), datetime(2024, 3, 9, 12, tzinfo=UTC))

    found = GatheredRepository(source, [["A", "B", "C"]], ["close"], day)

    rows = found.gathering.rows(0, ["close"])
    assert 3 * 12 <= rows.height < 3 * 24
    whole = (["A", "B"], "1d", None, None, ["close"], 0)
    assert found.load(*whole).equals(source.load(*whole))  # which the source is asked for
