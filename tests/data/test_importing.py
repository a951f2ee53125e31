"""Files brought into a DuckDB table."""

from datetime import date

import duckdb
import polars as pl
import pytest

from barsweep.data import DuckDBRepository, import_candles, open_repository
from barsweep.errors import RepositoryError

DAYS = [date(2024, 1, 2), date(2024, 1, 3)]


def rows(path, table="candles"):
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.sql(f'select * from "{table}"').fetchall()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "B.csv").write_text("Date,Open,Close,Volume\n2024-01-03,2,2.5,10\n2024-01-02,1,1.5,\n")
    (tmp_path / "in" / "A.csv").write_text("Date;Close;Sector\n2024-01-02;7;Tech\n")
    (tmp_path / "in" / "notes.md").write_text("not candles")
    return tmp_path / "in"


def test_a_folder_of_one_csv_per_symbol(folder, tmp_path):
    imported = import_candles(folder, tmp_path / "out" / "candles.duckdb")

    assert (imported.rows, imported.symbols, imported.first, imported.last) == (3, 2, *DAYS)
    assert rows(tmp_path / "out" / "candles.duckdb") == [
        ("A", DAYS[0], None, 7.0, None, "Tech"),
        ("B", DAYS[0], 1.0, 1.5, None, None),
        ("B", DAYS[1], 2.0, 2.5, 10.0, None),
    ]  # fmt: skip
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["candles.duckdb"]


def test_the_folder_can_be_scanned_without_importing(folder):
    assert open_repository(folder).symbols("1d") == ["A", "B"]


def test_other_tables_stay(folder, tmp_path):
    target = tmp_path / "candles.duckdb"
    with duckdb.connect(str(target)) as connection:
        connection.execute("create table mine as select 42 as answer")

    import_candles(folder / "A.csv", target, "daily prices", symbol="A")

    assert rows(target, "mine") == [(42,)]
    assert len(rows(target, "daily prices")) == 1


def test_a_table_is_replaced_only_if_told(folder, tmp_path):
    target = tmp_path / "candles.duckdb"
    import_candles(folder, target)

    with pytest.raises(RepositoryError, match="has a table candles already: say replace=True"):
        import_candles(folder / "A.csv", target)
    import_candles(folder / "A.csv", target, replace=True)

    assert rows(target) == [("data", DAYS[0], 7.0, "Tech")]


def test_parquet_with_options(tmp_path):
    pl.DataFrame({"who": ["A", "A"], "date": DAYS, "Last": [4.0, 2.0], "ratio": [0.5, 1.0]}).write_parquet(
        tmp_path / "in.parquet"
    )

    import_candles(
        tmp_path / "in.parquet",
        tmp_path / "c.duckdb",
        columns={"symbol": "who", "close": "Last"},
        adjust="ratio",
        start="2024-01-02",
    )

    repository = DuckDBRepository(tmp_path / "c.duckdb")
    assert repository.load(["A"], "1d", None, None, ["close"])["close"].to_pylist() == [2.0, 2.0]


def test_a_failed_import_leaves_nothing_behind(tmp_path):
    (tmp_path / "in.csv").write_text("date,close\n2024-01-02,abc\n")

    with pytest.raises(RepositoryError, match="is no number: 'abc'"):
        import_candles(tmp_path / "in.csv", tmp_path / "candles.duckdb")

    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_codes_that_look_like_numbers_stay_text(tmp_path):
    (tmp_path / "in.csv").write_text("code,date,close\n000001,2024-01-02,1\n600000,2024-01-02,2\n")

    assert open_repository(tmp_path / "in.csv").symbols("1d") == ["000001", "600000"]


def test_an_import_says_what_it_left_out(folder, tmp_path):
    (folder / "EMPTY.csv").write_text("")
    (folder / "US.csv").write_text("Date,Close\n01/03/2024,1\n")

    imported = import_candles(folder, tmp_path / "c.duckdb", date_format="%m/%d/%Y")

    assert (imported.rows, imported.symbols) == (4, 3)
    assert list(imported.left_out) == ["EMPTY.csv"]


def test_an_import_into_its_source_or_another_kind_of_file_is_refused(folder, tmp_path):
    before = (folder / "A.csv").read_bytes()

    with pytest.raises(RepositoryError, match=r"source and target are the same file; give the target another name"):
        import_candles(folder / "A.csv", folder / "A.csv", replace=True)
    with pytest.raises(RepositoryError, match=r"the target is a DuckDB file: call it out\.duckdb"):
        import_candles(folder / "A.csv", tmp_path / "out.csv")
    assert (folder / "A.csv").read_bytes() == before


@pytest.mark.parametrize("target", ["c.duckdb", "c.store"])
def test_text_in_the_place_of_a_number_leaves_out_its_symbol_alone(tmp_path, target):
    folder = tmp_path / "vendor"
    folder.mkdir()
    (folder / "A.csv").write_text("date,close,volume\n2024-01-02,1,5\n2024-01-03,2,5\n")
    (folder / "B.csv").write_text("date,close,volume\n2024-01-02,abc,5\n2024-01-03,2,5\n")
    (folder / "C.csv").write_text("date,close,volume\n2024-01-02,def,5\n2024-01-03,2,5\n")
    (folder / "D.csv").write_text("date,close,volume\n2024-01-02,1,many\n2024-01-03,2,5\n")

    imported = import_candles(folder, tmp_path / target)

    assert open_repository(tmp_path / target).symbols("1d") == ["A"]
    assert (imported.rows, imported.symbols) == (2, 1)
    assert {symbol: why.partition(": ")[2] for symbol, why in imported.left_out.items()} == {
        "B": "close of B at 2024-01-02 is no number: 'abc'; mend it, or leave the field empty",
        "C": "close of C at 2024-01-02 is no number: 'def'; mend it, or leave the field empty",
        "D": "volume of D at 2024-01-02 is no number: 'many'; mend it, or leave the field empty",
    }


@pytest.mark.parametrize("mark", ["n/a", "#N/A", "N/A", "-"])
def test_marks_of_what_is_missing_are_no_text(tmp_path, mark):
    (tmp_path / "in.csv").write_text(f"symbol,date,close\nA,2024-01-02,{mark}\nA,2024-01-03,2\n")

    loaded = open_repository(tmp_path / "in.csv").load(["A"], "1d", None, None, ["close"])

    assert loaded["close"].to_pylist() == [None, 2.0]


@pytest.mark.parametrize("target", ["candles.duckdb", "candles.store"])
def test_a_source_without_bars_replaces_nothing(tmp_path, target):
    """A download that failed leaves a header, say."""
    bars, header = tmp_path / "bars.csv", tmp_path / "header.csv"
    bars.write_text("symbol,date,close\nA,2024-01-02,1.5\n")
    header.write_text("symbol,date,close\n")
    import_candles(bars, tmp_path / target)

    for source, options in ((header, {}), (bars, {"start": date(2030, 1, 1)})):
        with pytest.raises(RepositoryError, match="holds no bars"):
            import_candles(source, tmp_path / target, replace=True, **options)

    assert open_repository(tmp_path / target).symbols("1d") == ["A"]
