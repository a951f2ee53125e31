"""Files that are broken, cut off, of another version, not to be read, or no files: told by name, never a crash."""

import json
import os
import random
import shutil
import struct
import tempfile
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from fakes import candles
from stored_as import stored_as

import barsweep as bs
from barsweep.data import import_candles, open_repository
from barsweep.data.growing_column import as_arrow, written
from barsweep.errors import BarsweepError, RepositoryError

FORMULAS = {"mean": "sma(close, 3)", "volume": "volume"}


@pytest.fixture(scope="module")
def table():
    return candles({name: [float(bar) for bar in range(1, 60)] for name in ("A", "B", "C")})


@pytest.mark.parametrize("kind", ["parquet", "duckdb"])
def test_files_that_are_cut_off(table, kind, tmp_path):
    path = stored_as[kind](table, tmp_path)
    whole = path.read_bytes()

    for length in (0, 1, 4, len(whole) // 3, len(whole) // 2, len(whole) - 100, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(RepositoryError, match=path.name):
            bs.evaluate("close", path)
    path.write_bytes(whole)
    assert bs.evaluate("close", path).height == table.height


@pytest.mark.parametrize("kind", ["parquet", "duckdb", "store"])
@pytest.mark.parametrize("seed", range(3))
def test_files_with_bytes_of_another_are_refused_or_read(table, kind, seed, tmp_path):
    """Not every format has sums over its numbers, so some changes go unseen; but nothing else is ever raised."""
    dice = random.Random(seed)
    path = stored_as[kind](table.with_columns(sector=pl.lit("a text of more than twelve letters")), tmp_path)
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    refused = 0

    for _ in range(25):
        file = dice.choice(files)
        whole = file.read_bytes()
        broken = bytearray(whole)
        for _ in range(dice.choice([1, 4, 40])):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        rewrite(file, bytes(broken))
        try:
            bs.evaluate({**FORMULAS, "sector": 'sector == "x"'}, path)
        except BarsweepError:
            refused += 1
        rewrite(file, whole)

    assert refused
    assert bs.evaluate("close", path).height == table.height


def rewrite(file, content):
    """In a new file, so that nobody who has mapped the old one sees it change."""
    file.unlink()
    file.write_bytes(content)


def test_a_store_whose_columns_do_not_fit_is_refused(table, tmp_path):
    path = stored_as["store"](table, tmp_path)
    contents = json.loads((path / "store.json").read_text())
    close, ts = contents["columns"]["close"], contents["ts"]
    for name, other in (("close", ts), ("ts", close), ("symbols", close)):
        changed = json.loads(json.dumps(contents))
        (changed["columns"] if name == "close" else changed)[name] |= {"file": other["file"], "size": other["size"]}
        (path / "store.json").write_text(json.dumps(changed))

        with pytest.raises(BarsweepError, match="does not hold what was written: import the candles again"):
            bs.evaluate("close", path)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("symbols", lambda frame: frame.reverse()),
        ("symbols", lambda frame: frame.rename({"symbol": "name"})),
        ("symbols", lambda frame: frame.with_columns(rows=pl.lit(7, pl.UInt32))),
        ("ts", lambda frame: frame.with_columns(ts=pl.lit(2**31 - 1, pl.Int32).cast(pl.Date))),
        ("close", lambda frame: frame.head(3)),
    ],
    ids=["another order", "another name", "another count", "no times", "fewer rows"],
)
def test_a_store_whose_files_were_written_anew_is_refused(table, name, change, tmp_path):
    """As long as the list says, and of the right kind, but not what belongs to the other files."""
    path = stored_as["store"](table, tmp_path)
    contents = json.loads((path / "store.json").read_text())
    stored = (contents["columns"] if name == "close" else contents)[name]
    file = path / contents["folder"] / stored["file"]
    stored["size"] = written(file, as_arrow(change(pl.read_ipc(file.read_bytes()))), stored["kind"]).size
    (path / "store.json").write_text(json.dumps(contents))

    with pytest.raises(BarsweepError, match="does not hold what was written: import the candles again"):
        bs.evaluate("close", path)


def version_of(path, version):
    """The file as another version of DuckDB would have written it: the first block has the version, and its sum."""
    content = bytearray(path.read_bytes())
    content[12:20] = struct.pack("<Q", version)
    total = 5381
    for (word,) in struct.iter_unpack("<Q", content[8:4096]):
        total ^= word * 0xBF58476D1CE4E5B9 % 2**64
    content[:8] = struct.pack("<Q", total)
    path.write_bytes(content)


@pytest.mark.parametrize("version", [1, 51, 5000])
def test_a_file_of_another_version_of_duckdb_says_what_to_do(table, version, tmp_path):
    path = stored_as["duckdb"](table, tmp_path)
    version_of(path, version)

    message = "another version of DuckDB wrote it; let that version copy the table to Parquet.*storage version"
    with pytest.raises(RepositoryError, match=message) as raised:
        bs.evaluate("close", path)
    assert not raised.value.retryable


def test_the_first_block_is_written_as_duckdb_writes_it(table, tmp_path):
    """Else the test above shows a wrong sum."""
    path = stored_as["duckdb"](table, tmp_path)
    whole = path.read_bytes()

    version_of(path, struct.unpack("<Q", whole[12:20])[0])

    assert path.read_bytes() == whole


def test_a_folder_with_one_broken_file_names_it(table, tmp_path):
    table.write_parquet(tmp_path / "good.parquet")
    (tmp_path / "broken.parquet").write_bytes((tmp_path / "good.parquet").read_bytes()[:-9])

    with pytest.raises(RepositoryError, match=r"broken\.parquet cannot be read as Parquet"):
        bs.evaluate("close", tmp_path)


@pytest.mark.parametrize("name", [".candles-x7/candles.parquet", "_temporary/0.parquet", ".part.parquet"])
def test_what_a_writer_left_in_a_folder_is_not_read(table, name, tmp_path):
    """A writer that was killed left every row twice."""
    table.write_parquet(tmp_path / "candles.parquet")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    shutil.copy(tmp_path / "candles.parquet", tmp_path / name)

    assert bs.evaluate("close", tmp_path).height == table.height


def test_a_hidden_folder_that_is_given_itself_is_read(table, tmp_path):
    (tmp_path / ".mine").mkdir()
    table.write_parquet(tmp_path / ".mine" / "candles.parquet")

    assert bs.evaluate("close", tmp_path / ".mine").height == table.height


@pytest.mark.parametrize("name", ["c.parquet", "c.csv", "c.duckdb", "c.store"])
def test_a_folder_that_is_called_like_a_file(name, tmp_path):
    (tmp_path / name).mkdir()

    with pytest.raises(RepositoryError, match=rf"{name} holds neither \.parquet nor \.csv files"):
        bs.evaluate("close", tmp_path / name)


@pytest.fixture
def open_to_all():
    """A folder that others may look into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def nobody():
    """Root may read everything: for a while be someone else."""
    if os.name != "posix":
        pytest.skip("permissions of another kind")
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def closed(path):
    """Let nobody look into a file, or into a folder and its files."""
    for each in [*path.rglob("*"), path]:
        each.chmod(0)


@pytest.mark.parametrize("kind", ["parquet", "duckdb", "store", "csv"])
def test_a_file_that_must_not_be_read(table, kind, open_to_all):
    path = stored_as[kind](table, open_to_all)
    closed(path)

    with nobody(), pytest.raises(RepositoryError, match=rf"{path.name}.*(P|p)ermission denied"):
        bs.evaluate("close", path)


def test_a_folder_that_must_not_be_looked_into(table, open_to_all):
    folder = open_to_all / "in"
    folder.mkdir()
    paths = [folder, *(stored_as[kind](table, folder) for kind in ("parquet", "csv"))]
    closed(folder)

    for path in paths:
        with nobody(), pytest.raises(RepositoryError, match=rf"{path.name} cannot be read: Permission denied"):
            bs.evaluate("close", path)


@pytest.mark.parametrize("name", ["c.duckdb", "c.store", "new/c.duckdb", "new/c.store"])
def test_a_target_that_must_not_be_written(table, name, open_to_all):
    source = stored_as["parquet"](table, open_to_all)

    with nobody(), pytest.raises(RepositoryError, match=rf"{name} cannot be written: Permission denied"):
        import_candles(source, open_to_all / name)
    assert list(open_to_all.iterdir()) == [source]


def test_a_path_that_is_none(tmp_path):
    with pytest.raises(RepositoryError, match="cannot be read: File name too long"):
        bs.evaluate("close", "symbol,date,close" * 100)


@pytest.mark.parametrize("kind", list(stored_as))
def test_no_candles_at_all(kind, table, tmp_path):
    source = stored_as[kind](table.clear(), tmp_path)
    repository = open_repository(source)

    assert bs.evaluate("close", repository).schema == {"symbol": pl.String, "ts": pl.Date, "value": pl.Float64}
    assert len(bs.scan("close > 0", repository, latest=True)) == 0
    assert bs.scan("close > 0", repository, symbols=["A"]).errors["A"].kind == "unknown symbol"
    assert (repository.symbols("1d"), repository.span("1d")) == ([], None)
    assert len(bs.scan("close > 0", table, symbols=[])) == 0


@pytest.fixture(scope="module")
def many():
    count = 100_000
    names = pl.Series("symbol", [f"S{number:06d}" for number in range(count) for _ in range(2)])
    return pl.DataFrame([names]).with_columns(
        ts=pl.date(2024, 1, 2) + pl.duration(days=pl.int_range(pl.len()) % 2), close=pl.int_range(pl.len()) + 1.0
    )


@pytest.mark.parametrize("kind", ["frame", "duckdb"])
def test_a_hundred_thousand_symbols(kind, many, tmp_path):
    found = bs.scan("close > close[1]", stored_as[kind](many, tmp_path), latest=True)

    assert found.counts == {"symbols": 100_000, "bars": 100_000, "loaded": 200_000, "matches": 100_000, "errors": 0}
    assert found["S099999"].matches.frame["ts"].dt.day().to_list() == [3]


def test_symbols_that_all_fail(many):
    """Each has its rows named: for a hundred thousand that took 45 seconds, now 4."""
    found = bs.scan("close > 0", many.head(20_000).with_columns(ts=pl.date(2024, 1, 2)))

    assert len(found.errors) == 10_000
    assert "1 at 2024-01-02;" in str(found.errors["S009999"])
