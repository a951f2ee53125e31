from types import SimpleNamespace

import duckdb
import numpy as np
import pytest
from fakes import Watched, universe
from hypothesis import given
from hypothesis import strategies as st

from barsweep import DuckDBRepository, FormulaService, FrameRepository, ProcessingEngine, ProcessingJob, function
from barsweep.data import CandlePolicy, parquet
from barsweep.engine import dividing
from barsweep.engine.batching import MOST_CUT_SYMBOLS, MOST_TILED_ROWS, Batch, bytes_of_bar, cut, rows_per_batch
from barsweep.engine.jobs import DateRange
from barsweep.engine.loading import Request
from barsweep.engine.sizing import estimate_bars

BAR = bytes_of_bar(5, 4, in_tiles=False, everything=False)


@given(st.lists(st.integers(0, 40)), st.integers(1, 50), st.integers(1, 7), st.frozensets(st.integers(0, 40)))
def test_cutting_keeps_every_symbol_once_and_in_order(sizes, most_rows, most_symbols, borders):
    """A batch stays within both limits unless a symbol alone is larger."""
    symbols = {f"S{number}": size for number, size in enumerate(sizes)}

    batches = cut(symbols, most_rows, most_symbols, {f"S{number}" for number in borders})

    assert [symbol for batch in batches for symbol in batch.symbols] == list(symbols)
    for batch in batches:
        assert len(batch.symbols) <= most_symbols
        assert len(batch.symbols) == 1 or sum(map(symbols.get, batch.symbols)) <= most_rows


@given(st.lists(st.integers(1, 40), min_size=2), st.integers(1, 50), st.frozensets(st.integers(0, 40)))
def test_batches_end_ahead_of_borders_where_that_leaves_half(sizes, most_rows, borders):
    symbols = {f"S{number}": size for number, size in enumerate(sizes)}
    names = {f"S{number}" for number in borders}
    (first, *others), (plain, *_) = cut(symbols, most_rows, borders=names), cut(symbols, most_rows)

    rows, most = (sum(map(symbols.get, batch.symbols)) for batch in (first, plain))
    inside = [number for number in range(1, len(plain.symbols) + 1) if f"S{number}" in names & symbols.keys()]
    if others and inside and 2 * sum(sizes[: inside[-1]]) >= most:
        assert others[0].symbols[0] in names
    else:
        assert rows == most


def test_of_files_no_group_of_rows_is_read_by_two_batches(tmp_path, monkeypatch):
    """Each of four groups has three symbols, and a batch has room for five."""
    monkeypatch.setattr(parquet, "LARGE", 0)
    monkeypatch.setattr(dividing, "rows_per_batch", lambda *_, **__: 5 * 12)
    universe(12).write_parquet(tmp_path / "candles.parquet", row_group_size=3 * 12)

    with ProcessingEngine(tmp_path / "candles.parquet") as engine:
        batches = engine._preparer.prepare(ProcessingJob(None, "close > close[1]")).batches

    assert [len(batch.symbols) for batch in batches] == [3, 3, 3, 3]


def test_sizes_are_told_by_name():
    """A repository of one's own may list its symbols in any order."""
    whole = Request("1d", DateRange(), (), 0)
    rows = {"B": 2, "A": 1}
    assert estimate_bars(SimpleNamespace(rows=lambda _: rows), ["A", "B"], whole) == {"A": 1, "B": 2}
    assert list(estimate_bars(SimpleNamespace(rows=lambda _: rows), ["A", "B"], whole)) == ["A", "B"]
    assert estimate_bars(SimpleNamespace(rows=lambda _: rows), ["B", "A"], whole) is not rows


def test_halves_make_the_whole():
    left, right = Batch(("A", "B", "C"), give_up=7.0).halves()

    assert (left.symbols, right.symbols) == (("A",), ("B", "C"))
    assert left.give_up == right.give_up == 7.0


def test_memory_bounds_the_rows():
    assert rows_per_batch(2**30, BAR, 3, 6_000_000) == 250_000
    assert rows_per_batch(2**30, BAR, 3, 50_000) == 100_000
    assert rows_per_batch(2**20, BAR, 3, 6_000_000) == 2**20 // (BAR * 3)
    assert rows_per_batch(0, BAR, 3, 6_000_000) == 1


def test_columns_and_results_cost_memory():
    """Values of every bar cost most, found bars a part of that; without kernels the plan's own columns come on top."""
    few = bytes_of_bar(2, 1, in_tiles=True, everything=True)

    assert few == 8 * (2 * (2 + 3) + 1)
    assert bytes_of_bar(3, 1, in_tiles=True, everything=True) == few + 16
    assert bytes_of_bar(2, 25, in_tiles=True, everything=True) == few + 8 * 24
    assert bytes_of_bar(2, 25, in_tiles=True, everything=False) < few + 8 * 24 / 3
    assert bytes_of_bar(2, 1, in_tiles=False, everything=True) > few + 8 * 20


def test_long_symbols_fill_their_tiles():
    """Ten symbols of a year of minutes would leave six lanes of sixteen empty."""
    year = 100_000
    bar = bytes_of_bar(2, 4, in_tiles=True, everything=False)
    given = {"most": MOST_TILED_ROWS, "lanes": 16 * year}

    assert rows_per_batch(2_000_000_000, bar, 3, 2_500 * year, **given) == 16 * year
    assert rows_per_batch(200_000_000, bar, 3, 2_500 * year, **given) == 200_000_000 // (bar * 3)
    assert rows_per_batch(2_000_000_000, bar, 3, 2_500 * 25_000, most=MOST_TILED_ROWS, lanes=16 * 25_000) == 1_200_000
    assert rows_per_batch(2_000_000_000, bar, 3, 6_300_000, most=MOST_TILED_ROWS, lanes=16 * 2_520) == 1_052_520


def test_a_market_is_cut_finely():
    """2,500 symbols of ten years of days: what is finished when somebody cancels is worth having."""
    rows = rows_per_batch(2**30, BAR, 3, 2_500 * 2_520)

    batches = cut({f"S{number}": 2_520 for number in range(2_500)}, rows)

    assert 25 <= len(batches[0].symbols) <= 100


def test_tiles_take_larger_batches():
    """Their batches are done in less time all the same, and what a batch costs beside its bars would show.

    Eight batches instead of six took a scan a twelfth longer.
    """
    rows = rows_per_batch(2**30, BAR, 3, 2_500 * 2_520, most=MOST_TILED_ROWS)

    batches = cut({f"S{number}": 2_520 for number in range(2_500)}, rows)

    assert 100 <= len(batches[0].symbols) <= 420


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 8])
def test_all_workers_get_the_same_share(workers):
    """Two workers and nine batches would let one of them wait for the other's fifth."""
    lanes = 16 * 2_520
    rows = rows_per_batch(2**33, 300, workers + 1, 2_500 * 2_520, most=MOST_TILED_ROWS, lanes=lanes)

    batches = cut({f"S{number}": 2_520 for number in range(2_500)}, rows)

    sizes = [len(batch.symbols) for batch in batches]
    assert len(sizes) % workers == 0
    assert min(sizes) > 0.8 * max(sizes)


@pytest.mark.parametrize(("quick", "batches"), [(0, 6), (1_000_000, 6), (1_100_000, 6), (3_000_000, 4), (4_000_000, 2)])
def test_what_is_done_at_once_is_cut_into_few(quick, batches):
    """2,500 symbols of ten years of days by two workers: what a batch costs beside its bars would show."""
    given = {"most": MOST_TILED_ROWS, "lanes": 16 * 2_520, "quick": quick}
    rows = rows_per_batch(2**30, 32, 3, 2_500 * 2_520, **given)

    assert len(cut({f"S{number}": 2_520 for number in range(2_500)}, rows, MOST_CUT_SYMBOLS)) == batches


@function()
def doubled(x: np.ndarray) -> np.ndarray:
    """Twice."""
    return x * 2


@pytest.mark.parametrize(
    ("kept", "formula", "batches"),
    [
        (FrameRepository, "close > close[1]", 2),
        (Watched, "close > close[1]", 6),  # so that the next is read meanwhile
        (FrameRepository, "close > doubled(close[1])", 6),  # nobody knows how long it takes
        (FrameRepository, 'close > timeframe("1w", close)', 6),
    ],
)
def test_candles_at_hand_are_cut_into_few_where_kernels_do_all(kept, formula, batches, monkeypatch):
    monkeypatch.setattr("barsweep.engine.batching.LEAST_ROWS", 1)
    monkeypatch.setattr("barsweep.engine.batching.FEW_TILES", 0)
    monkeypatch.setattr("barsweep.engine.dividing.FEW_ROWS", 0)
    service = FormulaService(functions=[doubled])

    with ProcessingEngine(kept(universe(60)), service, max_workers=2) as engine:
        tiled, other = (engine.run(ProcessingJob(None, formula, executor=executor)) for executor in ("tiles", "polars"))

    assert tiled.statistics.batches == batches
    assert tiled.matches.equals(other.matches)


def batches_of(formula, repository, executor="tiles", **options):
    with ProcessingEngine(repository, max_workers=2, **options) as engine:
        return engine.run(ProcessingJob(None, formula, executor=executor)).statistics.batches


def test_names_do_not_bound_what_is_only_cut():
    assert batches_of("close > close[1]", FrameRepository(universe(2_500))) == 1
    assert batches_of("close > close[1]", Watched(universe(2_500))) == 3


def test_few_bars_are_asked_for_once_where_the_house_reads(tmp_path):
    """To ask costs more than they do. A repository of others', `Watched`, keeps cancel and progress close."""
    path = tmp_path / "candles.parquet"
    universe(2_500).write_parquet(path)

    assert batches_of("close > sma(close, 9)", path) == 1
    assert batches_of("close > highest(close, 5000)", path) == 1
    assert batches_of("close > sma(close, 9)", path, memory_limit=2**24) > 1


def test_what_is_gone_over_for_every_batch_is_cut_into_one_for_each_worker(tmp_path, monkeypatch):
    """Views may answer otherwise each time; kernels that do all are done at once, who else computes may take long."""
    monkeypatch.setattr("barsweep.engine.batching.LEAST_ROWS", 1)
    monkeypatch.setattr("barsweep.engine.dividing.FEW_ROWS", 0)
    monkeypatch.setattr("barsweep.engine.batching.FEW_TILES", 0)
    with duckdb.connect(str(tmp_path / "bars.duckdb")) as connection:
        connection.register("bars", universe(60).to_arrow())
        connection.execute("create table candles as select * from bars; create view seen as from candles")
    table, view = (DuckDBRepository(tmp_path / "bars.duckdb", name) for name in ("candles", "seen"))

    assert [batches_of("close > sma(close, 9)", each) for each in (table, view)] == [6, 2]
    assert batches_of("close > sma(close, 9)", view, executor="polars") == 6


@pytest.mark.parametrize("formula", ["close > close[1]", "close > sma(close, 9)"])
def test_long_windows_and_a_small_memory_keep_batches_many(formula, monkeypatch):
    """Kernels may look at all of a window for one value; and a batch has to fit even if it reports every bar."""
    monkeypatch.setattr("barsweep.engine.batching.LEAST_ROWS", 1)
    monkeypatch.setattr("barsweep.engine.batching.FEW_TILES", 0)
    monkeypatch.setattr("barsweep.engine.demanding.QUICK", 360 * 8)
    repository = FrameRepository(universe(60))

    assert batches_of(formula, repository) == (2 if "[1]" in formula else 6)

    monkeypatch.setattr("barsweep.engine.demanding.COPIES", 10**8)
    assert batches_of(formula, repository) == 6


class Slow(FrameRepository):
    """Takes its time with every load, as nobody can know of the repositories of others."""

    def load_checked(self, *given):
        return super().load_checked(*given)


def test_a_load_of_ones_own_is_not_taken_for_one_that_only_cuts():
    asked = "1d", ["close"], CandlePolicy()

    assert FrameRepository(universe(3)).are_at_hand(*asked)
    assert not Slow(universe(3)).are_at_hand(*asked)
    assert Slow(universe(3)).only_cuts("1d", ["close"])  # by what it calls
