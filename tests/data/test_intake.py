"""Imports part by part: the same as of a piece, from any source into any target."""

import weakref
from types import SimpleNamespace

import polars as pl
import pytest
from imported import (
    SYMBOLS,
    TARGETS,
    as_csv,
    as_duckdb,
    as_parquet,
    as_parquet_by_date,
    content_of,
    content_of_frame,
    universe,
)

from barsweep.data import ParquetRepository, gathered, gathering, import_candles, intake, open_repository
from barsweep.data import growing_column as growing
from barsweep.errors import RepositoryError


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("write", [as_parquet, as_parquet_by_date, as_csv, as_duckdb])
@pytest.mark.parametrize("options", [{}, {"start": "2024-01-05", "end": "2024-01-12"}])
def test_an_import_in_parts_is_that_of_a_piece(tmp_path, monkeypatch, target, write, options):
    source = write(universe(), tmp_path)
    whole = import_candles(source, tmp_path / f"whole-{target}", **options)
    monkeypatch.setattr(intake, "CELLS", 210)
    told = []

    parts = import_candles(source, tmp_path / target, progress=lambda *done: told.append(done), **options)

    assert content_of(tmp_path / target).equals(content_of(tmp_path / f"whole-{target}"))
    assert {**vars_of(parts), "path": None} == {**vars_of(whole), "path": None}
    assert len(told) > 2
    assert told == sorted(told)
    assert told[-1] == (len(SYMBOLS), len(SYMBOLS))


def test_candles_by_date_are_gone_over_once(tmp_path, monkeypatch):
    """However many parts they are brought in; without room each part goes over all of them."""
    source, pieces = as_parquet_by_date(universe(), tmp_path), []
    own = ParquetRepository.pieces
    whole = import_candles(source, tmp_path / "whole.store")
    monkeypatch.setattr(intake, "CELLS", 210)
    monkeypatch.setattr(ParquetRepository, "pieces", lambda *given: pieces.append(given) or own(*given))

    parts = import_candles(source, tmp_path / "parts.store")
    assert len(pieces) == 1

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(gathering.tempfile, "TemporaryFile", full)
    slow = import_candles(source, tmp_path / "slow.store")
    monkeypatch.setattr(gathered.shutil, "disk_usage", lambda _: SimpleNamespace(free=100))
    slower = import_candles(source, tmp_path / "slower.store")
    assert len(pieces) == 1

    for other in (parts, slow, slower):
        assert content_of(other.path).equals(content_of(whole.path))


def vars_of(imported):
    return {name: getattr(imported, name) for name in imported.__slots__}


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_out_of_order_and_what_has_no_time_is_counted_in_parts_too(tmp_path, small_parts, target):
    frame = universe().with_columns(ts=pl.when(pl.int_range(pl.len()) % 9 == 4).then(None).otherwise("ts"))

    source = as_parquet(frame.reverse().sort("symbol", maintain_order=True), tmp_path)

    imported = import_candles(source, tmp_path / target)

    lost = frame["ts"].null_count()
    assert imported.rows == frame.height - lost
    assert imported.defects["null"] == lost
    assert imported.defects["unsorted"] > 0
    assert content_of(tmp_path / target).equals(content_of_frame(frame.filter(pl.col("ts").is_not_null())))


@pytest.mark.parametrize("target", TARGETS)
def test_symbols_at_fault_are_left_out_of_their_parts(tmp_path, small_parts, target):
    """Of one part all symbols are."""
    bad = [SYMBOLS[0], *SYMBOLS[3:7], SYMBOLS[11]]
    closes = pl.when(pl.col("symbol").is_in(bad)).then(pl.lit("abc")).otherwise(pl.col("close").cast(pl.String))

    imported = import_candles(as_parquet(universe().with_columns(close=closes), tmp_path), tmp_path / target)

    assert open_repository(tmp_path / target).symbols("1d") == sorted(set(SYMBOLS) - set(bad))
    assert sorted(imported.left_out) == bad
    assert imported.symbols == len(SYMBOLS) - len(bad)


@pytest.mark.parametrize("target", TARGETS)
def test_where_all_symbols_are_at_fault_nothing_is_written(tmp_path, small_parts, target):
    source = as_parquet(universe().with_columns(close=pl.lit("abc")), tmp_path)

    with pytest.raises(RepositoryError, match="close of S00 at 2024-01-01 is no number: 'abc'") as caught:
        import_candles(source, tmp_path / "new" / target)

    assert sorted(caught.value.faulty) == SYMBOLS
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


@pytest.mark.parametrize("target", TARGETS)
def test_a_source_that_is_changed_on_the_way_is_not_mixed(tmp_path, small_parts, target):
    source = as_parquet(universe(), tmp_path)

    def change(done, _):
        if done < len(SYMBOLS):
            universe().with_columns(close=pl.lit(0.5)).write_parquet(tmp_path / "new")
            (tmp_path / "new").replace(source)

    with pytest.raises(RepositoryError, match="was changed while it was read: try again"):
        import_candles(source, tmp_path / target, progress=change)

    assert not (tmp_path / target).exists()


@pytest.mark.parametrize("target", TARGETS)
def test_a_part_is_let_go_before_the_next_is_read(tmp_path, small_parts, monkeypatch, target):
    source, parts, alive = as_parquet(universe(), tmp_path), [], []
    load = intake.Intake.load

    def watched(self, symbols):
        alive.append(sum(part() is not None for part in parts))
        frame = load(self, symbols)
        parts.append(weakref.ref(frame))
        return frame

    monkeypatch.setattr(intake.Intake, "load", watched)
    import_candles(source, tmp_path / target)

    assert len(parts) > 3
    assert alive == [0] * len(parts)


def test_a_disk_that_is_full_at_the_end_leaves_the_store_as_it_was(tmp_path, small_parts, monkeypatch):
    """What is mapped is still held by the error."""
    source, target = as_parquet(universe(), tmp_path), tmp_path / "candles.store"
    import_candles(source, target)
    before = content_of(target)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(growing.InSteps, "write", full)
    with pytest.raises(RepositoryError, match=r"candles\.store cannot be written: .*No space left on device"):
        import_candles(as_parquet(universe().head(100), tmp_path), target, replace=True)

    assert content_of(target).equals(before)
    assert len(list(target.iterdir())) == 2


@pytest.mark.parametrize("target", TARGETS)
def test_an_import_that_is_interrupted_leaves_nothing_behind(tmp_path, small_parts, target):
    source = as_parquet(universe(), tmp_path)

    def interrupt(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_candles(source, tmp_path / target, progress=interrupt)

    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


@pytest.mark.parametrize(("text", "raised"), [("Query interrupted", KeyboardInterrupt), ("broken", RuntimeError)])
def test_ctrl_c_while_duckdb_writes_is_no_fault_of_the_import(tmp_path, monkeypatch, text, raised):
    """DuckDB makes an error of its own of it."""

    class Interrupted:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def execute(self, _):
            raise RuntimeError(text)

    source = as_parquet(universe(), tmp_path)
    monkeypatch.setattr("duckdb.connect", lambda *_, **__: Interrupted())
    with pytest.raises(raised):
        import_candles(source, tmp_path / "candles.duckdb")

    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


def test_columns_of_a_store_made_in_parts_lie_in_one_piece(tmp_path, small_parts):
    import_candles(as_parquet(universe(), tmp_path), tmp_path / "candles.store")

    store = open_repository(tmp_path / "candles.store")

    assert {store.column(name).n_chunks() for name in ("ts", "close", "volume", "held", "sector")} == {1}
    assert not list((tmp_path / "candles.store").rglob("*.values"))


@pytest.mark.parametrize("write", [as_parquet, as_parquet_by_date])
def test_what_was_found_clean_in_parts_is_what_is_clean_of_a_piece(tmp_path, monkeypatch, write):
    """A price of nothing in one part makes its place unclean for all."""
    frame = universe().with_columns(volume=pl.when(symbol="S08").then(-1.0).otherwise("volume"))
    source = write(frame, tmp_path)
    import_candles(source, tmp_path / "whole.store")
    monkeypatch.setattr(intake, "CELLS", 210)
    import_candles(source, tmp_path / "parts.store")

    whole, parts = (open_repository(tmp_path / name).contents for name in ("whole.store", "parts.store"))

    assert parts.clean == whole.clean
    assert parts.clean
    assert {place.kind for place in parts.clean} != {"duplicate_ts"}
