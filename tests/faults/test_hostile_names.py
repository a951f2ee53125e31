"""Names come from data and from strangers: whatever they are, what comes back is right, and nothing is executed."""

import datetime as dt

import duckdb
import polars as pl
import pytest

import barsweep as bs
from barsweep.data import DuckDBRepository, FrameRepository, import_candles, open_repository
from barsweep.errors import RepositoryError

NAMES = (
    "'; drop table candles; --",
    '"; drop table candles; --',
    "candles'; attach 'x.duckdb' as x; --",
    "../../x",
    "/etc/passwd",
    "a\0b",
    "\N{PILE OF POO}",
    "x" * 10_000,
    "two\nlines",
    "{relation}",
    "*",
    "^.*$",
    "^close$",
    "%s",
    "?",
    "$1",
    "\\",
    " ",
    "a'b\"c`d",
    "\u202eesrever",
    "e\u0301",
    "rowid",
    "select",
    "null",
    "~symbol",
    "~1",
    "row",
    "formula",
    "market cap",
)
DAYS = [dt.date(2024, 1, 1) + dt.timedelta(days=day) for day in range(4)]
CLOSES = [1.0, 2.0, 3.0, 4.0]
IN_FORMULAS = tuple(name for name in NAMES if '"' not in name and "\n" not in name)
FILE_NAMES = tuple(name for name in NAMES if "/" not in name and "\0" not in name and len(name) < 100)
PATTERNS = ("a[1]", "a?", "[ab]", "{a,b}", "**")
FILES = ("parquet", "duckdb", "store", "csv")
REFUSED = {"duckdb": {"?", "a?", "\\"}}  # DuckDB takes what follows for a setting, or what is before for a folder
SOME = {"duckdb": 4, "store": 4}
"""Of these kinds only every so-manieth name is tried as a file: writing takes long."""
KEPT = ("~", "*", "^")
"""No column may begin with these, or be called so: Polars means several by them, and we those made on the way."""


def one(symbol="A", **columns):
    return pl.DataFrame({"symbol": symbol, "ts": DAYS, "close": CLOSES, **columns})


def stored(frame, kind, folder, name="candles"):
    """The frame as a repository of that kind; `name` is that of the file or folder."""
    if kind == "frame":
        return FrameRepository(frame)
    plain = folder / "plain.parquet"
    frame.write_parquet(plain)
    if kind == "parquet":
        return open_repository(plain.rename(folder / f"{name}.parquet"))
    if kind == "csv":
        frame.write_csv(folder / f"{name}.csv")
        plain.unlink()
        return open_repository(folder / f"{name}.csv")
    target = folder / f"{name}.{kind}"
    import_candles(plain, target)
    plain.unlink()
    return open_repository(target)


def fit(names, kind):
    """The names that a kind of file can hold: a line of CSV ends at NUL, and blanks around it are gone."""
    return [name for name in names if kind != "csv" or (name.strip() and "\0" not in name)]


@pytest.mark.parametrize("kind", ["frame", *FILES])
def test_symbols(kind, tmp_path):
    """All at once, each asked for by its name, and each as another symbol in a formula."""
    names = fit(NAMES, kind)
    frame = pl.concat([one(name).with_columns(pl.col("close") + place) for place, name in enumerate(names)])
    repository = stored(frame.sort("symbol"), kind, tmp_path)

    found = bs.evaluate("close - 1", repository)
    firsts = dict(found.group_by("symbol", maintain_order=True).agg(pl.col("value").first()).iter_rows())
    assert firsts == {name: float(place) for place, name in enumerate(names)}
    asked = bs.scan("close > 3", repository, symbols=names[::2])
    assert asked.matches["symbol"].unique().sort().to_list() == sorted(names[::2])

    beside = {f"f{place}": f'symbol("{name}", close)' for place, name in enumerate(names) if name in IN_FORMULAS}
    last = bs.evaluate(beside, repository).row(3, named=True)
    assert {label: last[label] for label in beside} == {label: 4.0 + int(label[1:]) for label in beside}


@pytest.mark.parametrize("kind", ["frame", *FILES])
def test_columns(kind, tmp_path):
    """By column("..."), in both executors, all beside each other."""
    names = [name for name in fit(NAMES, kind) if not name.startswith(KEPT) and "\0" not in name]
    frame = pl.concat(
        [one(**{name: [float(place)] * 4 for place, name in enumerate(names)}), one("OTHER")], how="diagonal"
    )
    repository = stored(frame, kind, tmp_path)
    formulas = {f"f{place}": f'column("{name}") + 1' for place, name in enumerate(names) if name in IN_FORMULAS}

    for executor in ("tiles", "polars"):
        row = bs.evaluate(formulas, repository, executor=executor).row(0, named=True)
        assert {label: row[label] for label in formulas} == {label: 1.0 + int(label[1:]) for label in formulas}
        week = bs.evaluate({label: f'timeframe("1w", {text})' for label, text in formulas.items()}, repository)
        assert week.height == 8


@pytest.mark.parametrize("name", ["~1", "~symbol", "*", "^.*$", "^close$", "a\0b"])
@pytest.mark.parametrize("kind", ["frame", "parquet"])
def test_columns_that_stand_for_others_are_refused(name, kind, tmp_path):
    with pytest.raises(RepositoryError, match="rename it"):
        bs.evaluate("close", stored(one(**{name: [1.0] * 4}), kind, tmp_path))


def test_tables_of_a_database(tmp_path):
    """Each is written and read; afterwards all are there, as they were written."""
    file, plain, written = tmp_path / "candles.duckdb", tmp_path / "plain.parquet", []
    for name in (*NAMES[::3], "a\0b"):
        one(name).write_parquet(plain)
        import_candles(plain, file, table=name)
        written.append(name)
    plain.unlink()

    with duckdb.connect(str(file), read_only=True) as connection:
        tables = connection.execute("select table_name from duckdb_tables()").fetchall()
    assert sorted(table for (table,) in tables) == sorted(written)
    for name in written:
        with DuckDBRepository(file, table=name) as repository:
            assert repository.catalog["symbol"].to_list() == [name]
            assert repository.load(None, "1d", None, None, ["close"])["close"].to_pylist() == CLOSES
    with pytest.raises(RepositoryError, match="has no table"):
        DuckDBRepository(file, table='candles" union select 1 --').catalog  # noqa: B018 - which opens the file
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("kind", FILES)
def test_files(kind, tmp_path):
    """A path is never a pattern, and no part of a query; beside it lie files that the patterns would find."""
    for other in ("a1", "ab", "a", "b"):
        one("WRONG").write_parquet(tmp_path / f"{other}.parquet")
        one("WRONG").write_csv(tmp_path / f"{other}.csv")
    before = set(tmp_path.iterdir())

    several = (*FILE_NAMES, *PATTERNS)[:: SOME.get(kind, 1)]
    names = [name for name in several if name not in REFUSED.get(kind, ())]
    for name in names:
        repository = stored(one(name), kind, tmp_path, name)
        assert repository.catalog["symbol"].to_list() == [name]
        assert repository.load(None, "1d", None, None, ["close"]).column("close").to_pylist() == CLOSES
    assert {file.name for file in set(tmp_path.iterdir()) - before} == {f"{name}.{kind}" for name in names}
    for name in REFUSED.get(kind, ()):
        with pytest.raises(RepositoryError, match="cannot be written"):
            stored(one(name), kind, tmp_path, name)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_symbols_that_are_the_names_of_files(kind, tmp_path):
    """A folder of files, one a symbol."""
    names = fit((*FILE_NAMES, *PATTERNS), kind)
    for name in names:
        frame, file = one().drop("symbol"), tmp_path / f"{name}.{kind}"
        frame.write_parquet(file) if kind == "parquet" else frame.write_csv(file)

    found = bs.evaluate("close", open_repository(tmp_path))

    assert dict(found.group_by("symbol").agg(pl.col("value").sum()).iter_rows()) == dict.fromkeys(names, 10.0)
    some = bs.scan("close > 1", open_repository(tmp_path), symbols=names[::3])
    assert some.matches["symbol"].value_counts().height == len(names[::3])


def test_results_are_written_where_they_should(tmp_path):
    names = (*FILE_NAMES[::2], *PATTERNS)
    for name in names:
        bs.scan("close > 1", one(name), output=tmp_path / f"{name}.parquet")

    assert {file.name for file in tmp_path.iterdir()} == {f"{name}.parquet" for name in names}
    for name in names:
        assert pl.read_parquet(tmp_path / f"{name}.parquet", glob=False)["symbol"].to_list() == [name] * 3


def test_names_of_formulas():
    """All at once, as columns of values and as names of matches."""
    formulas = {name: f"close + {place}" for place, name in enumerate(NAMES) if name != "ts"}
    values = bs.evaluate(formulas, one())
    found = bs.scan({name: f"close > {1 + place % 4}" for place, name in enumerate(NAMES)}, one())

    assert values.columns == ["symbol", "ts", *formulas]
    assert values.row(0)[2:] == tuple(1.0 + place for place in range(len(formulas)))
    assert {name: found.of(name).height for name in NAMES} == {name: 3 - place % 4 for place, name in enumerate(NAMES)}


def test_names_of_other_tables():
    tables = {name: one(eps=[float(place)] * 4).drop("close") for place, name in enumerate(IN_FORMULAS)}
    formulas = {f"f{place}": f'table("{name}", eps)' for place, name in enumerate(IN_FORMULAS)}

    last = bs.evaluate(formulas, one(), tables=tables).row(3, named=True)

    assert {label: last[label] for label in formulas} == {label: float(label[1:]) for label in formulas}
