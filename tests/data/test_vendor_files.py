"""CSV files as vendors write them: dates, decimal marks, headings; and folders in which some file is faulty."""

import logging
from datetime import UTC, date, datetime

import pandas as pd
import polars as pl
import pytest

from barsweep.data import FrameRepository, open_repository
from barsweep.errors import RepositoryError

DAYS = [date(2022, 1, 3), date(2022, 3, 1)]


def load(path, wanted=("close",), **options):
    repository = open_repository(path, timeframe="1d", **options)
    return pl.DataFrame(repository.load(None, "1d", None, None, list(wanted)))


@pytest.fixture
def file(tmp_path):
    def write(text, name="ACME.csv", encoding="utf-8"):
        (tmp_path / name).write_text(text, encoding=encoding)
        return tmp_path / name

    return write


@pytest.mark.parametrize("rows", ["01/03/2022,1\n03/01/2022,2\n", "1/3/2022,1\n3/1/2022,2\n"])
def test_dates_that_begin_with_day_or_month_are_read_as_told(file, rows):
    path = file("Date,Close\n" + rows)

    with pytest.raises(RepositoryError, match=r"'0?1/0?3/2022' does not tell whether day or month comes first"):
        load(path)
    assert load(path, date_format="%m/%d/%Y")["ts"].to_list() == DAYS
    assert load(path, date_format="%d/%m/%Y")["close"].to_list() == [2.0, 1.0]


def test_days_above_twelve_do_not_decide(file):
    with pytest.raises(RepositoryError, match="does not tell whether day or month comes first"):
        load(file("Date,Close\n01/03/2022,1\n01/13/2022,2\n"))


def test_us_dates_beside_iso_files(file, caplog):
    file("Date,Close\n2022-01-03,1\n", "ISO.csv")
    folder = file("Date,Close\n01/03/2022,2\n", "US.csv").parent

    with caplog.at_level(logging.WARNING, "barsweep"):
        assert load(folder)["symbol"].to_list() == ["ISO"]
    assert "US.csv: '01/03/2022' does not tell" in caplog.text
    assert load(folder, date_format="%m/%d/%Y").rows() == [("ISO", DAYS[0], 1.0), ("US", DAYS[0], 2.0)]


def test_times_in_a_format_are_in_the_zone(file):
    path = file("Date,Close\n01/03/2022 09:30 AM,1\n01/03/2022 03:30 PM,2\n")

    repository = open_repository(path, timeframe="1h", date_format="%m/%d/%Y %I:%M %p", tz="America/New_York")

    found = repository.load(None, "1h", None, None, ["close"])["ts"].to_pylist()
    assert found == [datetime(2022, 1, 3, 14, 30, tzinfo=UTC), datetime(2022, 1, 3, 20, 30, tzinfo=UTC)]


def test_a_format_that_does_not_fit(file):
    with pytest.raises(RepositoryError, match=r"'01/03/2022' is not written as date_format='%d.%m.%Y' says"):
        load(file("Date,Close\n01/03/2022,1\n"), date_format="%d.%m.%Y")


@pytest.mark.parametrize("text", ["01/03/2022", "2022-01-03"])
def test_a_format_that_is_none(file, text):
    with pytest.raises(RepositoryError, match="date_format='nonsense' names no part of a date: write one such as %d"):
        load(file(f"Date,Close\n{text},1\n"), date_format="nonsense")


@pytest.mark.parametrize(
    ("form", "text"), [("%Y-%d-%m", "2022-03-01"), ("%Y%d%m", "20220301"), ("%Y/%d/%m", "2022/03/01")]
)
def test_a_format_counts_also_where_the_text_could_be_iso(file, form, text):
    """Dates are else those of another month, and nobody is told."""
    path = file(f"Date,Close\n{text},1\n")

    assert load(path)["ts"].to_list() == [date(2022, 3, 1)]
    assert load(path, date_format=form)["ts"].to_list() == [date(2022, 1, 3)]


def test_text_in_frames_is_read_as_told():
    frame = pd.DataFrame({"Date": ["01/03/2022", "03/01/2022"], "Close": [1, 2]})

    with pytest.raises(RepositoryError, match="does not tell whether day or month comes first"):
        load(frame)
    assert load(frame, date_format="%m/%d/%Y")["ts"].to_list() == DAYS


def test_slashes_of_times_in_frames_are_not_guessed():
    frame = pl.DataFrame({"ts": ["01/03/2022 09:30", "01/13/2022 09:30"], "close": [1, 2]})

    with pytest.raises(RepositoryError, match="does not tell whether day or month comes first"):
        load(frame)


def test_files_with_types_take_no_format(tmp_path):
    pl.DataFrame({"date": DAYS, "close": [1, 2]}).write_parquet(tmp_path / "c.parquet")

    with pytest.raises(RepositoryError, match="date_format= is for CSV files and frames"):
        load(tmp_path / "c.parquet", date_format="%m/%d/%Y")
    assert load(tmp_path / "c.parquet", date_format=None, decimal=None)["ts"].to_list() == DAYS


@pytest.mark.parametrize("stored", ["2022/01/03", "2022.01.03", "20220103", "2022-01-03"])
def test_dates_that_begin_with_the_year(file, stored):
    assert load(file(f"Datum,Close\n{stored},1\n"))["ts"].to_list() == DAYS[:1]


def test_decimal_commas_are_found_where_they_are_certain(file):
    path = file("Datum;Close;High;Volume\n2022-01-03;155,3425;1.155,3;1.234\n2022-03-01;160;1.160,25;2.345\n")

    found = load(path, ["close", "high", "volume"])

    assert found.rows() == [("data", DAYS[0], 155.3425, 1155.3, 1234.0), ("data", DAYS[1], 160.0, 1160.25, 2345.0)]


def test_decimal_marks_as_told(file):
    path = file("Date;Close;Volume\n2022-01-03;155,342;1.234\n2022-03-01;155,401;2.345\n")

    assert load(path, ["close", "volume"], decimal=",").rows()[0][2:] == (155.342, 1234.0)
    assert load(path, decimal=".")["close"].to_list() == [155342.0, 155401.0]
    with pytest.raises(RepositoryError, match="the decimal mark is"):
        load(path, decimal="dot")


def test_points_elsewhere_say_what_a_comma_is(file):
    path = file("Date;Close;Volume\n2022-01-03;155.34;992,912\n2022-03-01;155.4;1,992,912\n")

    assert load(path, ["close", "volume"])["volume"].to_list() == [992912.0, 1992912.0]


def test_thousands_set_apart(file):
    path = file('Date,Close,Volume,Note\n2022-01-03,"1,155.50","992,912","a, b"\n2022-03-01,999.5,"12","c"\n')

    found = load(path, ["close", "volume", "Note"])

    assert found.rows()[0][2:] == (1155.5, 992912.0, "a, b")
    assert found.rows()[1][2:] == (999.5, 12.0, "c")


def test_commas_that_fit_no_thousands_stay_text(file):
    with pytest.raises(RepositoryError, match="volume of data at 2022-01-03 is no number: '99,29,12'"):
        load(file('Date,Close,Volume\n2022-01-03,1,"99,29,12"\n'), ["volume"])


def test_scaled_volumes(file):
    path = file('"Date","Price","Vol.","Change %"\n2022-01-03,"1,182.01","104.5M",2.5%\n2022-03-01,179.7,1.2K,-1%\n')

    found = load(path, ["close", "volume"], columns={"close": "Price"})

    assert found.rows() == [("data", DAYS[0], 1182.01, 104.5e6), ("data", DAYS[1], 179.7, 1200.0)]


def test_headings_in_brackets(file):
    head = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
    daily = file(head + "AAPL.US,D,20220103,000000,1,2,1,1.5,100,0\nAAPL.US,D,20220301,000000,1,2,1,1.6,200,0\n")

    assert load(daily, ["close", "volume"]).rows() == [
        ("AAPL.US", DAYS[0], 1.5, 100.0), ("AAPL.US", DAYS[1], 1.6, 200.0)
    ]  # fmt: skip


def test_a_date_and_a_time_apart_are_joined(file):
    path = file("<DATE>\t<TIME>\t<CLOSE>\n2022.01.03\t093000\t1\n2022.01.03\t103000\t2\n")

    found = open_repository(path, timeframe="1h").load(None, "1h", None, None, ["close"])["ts"].to_pylist()

    assert found == [datetime(2022, 1, 3, 9, 30, tzinfo=UTC), datetime(2022, 1, 3, 10, 30, tzinfo=UTC)]


def test_a_missing_close_tells_the_way_out(file):
    path = file("Date,Open,Last\n2022-01-03,1,2\n")

    with pytest.raises(RepositoryError, match=r'are: open, Last; say which one it is: columns=\{"close": "Last"\}'):
        load(path)
    assert load(path, columns={"close": "Last"})["close"].to_list() == [2.0]


def test_levels_of_columns_of_pandas():
    columns = pd.MultiIndex.from_product([["Close", "Open"], ["AAPL", "MSFT"]], names=["Price", "Ticker"])
    frame = pd.DataFrame([[1, 2, 3, 4]], index=pd.DatetimeIndex(["2022-01-03"], name="Date"), columns=columns)

    with pytest.raises(RepositoryError, match=r"several levels of columns: stack the tickers, frame\.stack"):
        FrameRepository(frame)
    stacked = frame.stack(level="Ticker").reset_index()
    assert load(stacked)["symbol"].to_list() == ["AAPL", "MSFT"]


FAULTY = {
    "EMPTY.csv": ("", "EMPTY.csv is empty"),
    "HEAD.csv": ("Date,Close\n", "HEAD.csv has no rows"),
    "RAGGED.csv": ("Date,Close\n2022-01-03,1,2\n", "RAGGED.csv, line 2: 3 values where the heading has 2 columns"),
    "SECTORS.csv": ("Symbol,Sector\nA,Tech\n", "SECTORS.csv has no column for the time of a bar"),
    "TIME.csv": ("Date,Close\nyesterday,1\n", "TIME.csv: cannot read 'yesterday'"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_faulty_file_of_a_folder_is_left_out(file, name, caplog):
    text, why = FAULTY[name]
    file("Date,Close,PE\n2022-01-03,1,7.5\n", "ACME.csv")
    path = file(text, name)

    with caplog.at_level(logging.WARNING, "barsweep"):
        repository = open_repository(path.parent)

    assert repository.symbols("1d") == ["ACME"]
    assert repository.columns("1d") == {"close": "number", "PE": "number"}
    assert why in caplog.text
    assert list(repository.left_out) == [name]
    assert why in repository.notes[0]


@pytest.mark.parametrize("name", ["EMPTY.csv", "RAGGED.csv", "SECTORS.csv", "TIME.csv"])
def test_a_faulty_file_alone_raises(file, name):
    text, why = FAULTY[name]

    with pytest.raises(RepositoryError) as caught:
        open_repository(file(text, name))
    assert why in str(caught.value)


def test_a_folder_of_faulty_files_only_raises_once(file):
    file("", "A.csv")

    with pytest.raises(RepositoryError, match=r"A\.csv is empty \(and 1 more files like it\)"):
        open_repository(file("", "B.csv").parent)


def test_files_that_are_no_utf8(file):
    with pytest.raises(RepositoryError, match=r"ACME\.csv is not text in UTF-8: save it as CSV UTF-8"):
        load(file("Date,Close,Name\n2022-01-03,1,Süd\n", encoding="latin-1"))
    with pytest.raises(RepositoryError, match="is not text in UTF-8"):
        load(file("Date,Close\n2022-01-03,1\n", encoding="utf-16"))


def test_an_empty_column_of_one_file_does_not_make_text_of_the_others(file):
    file("Date,Close,PE\n2022-01-03,1,\n", "A.csv")
    folder = file("Date,Close,PE\n2022-01-03,1,7.5\n", "B.csv").parent

    assert load(folder, ["PE"])["PE"].to_list() == [None, 7.5]


def test_a_number_after_many_whole_ones(file):
    rows = "".join(f"A{n},2022-01-03,{n},true\n" for n in range(10_100))
    path = file("symbol,Date,Close,listed\n" + rows + "B,2022-01-03,1.5,false\n")

    found = load(path, ["close", "listed"])

    assert found.rows()[-1] == ("B", DAYS[0], 1.5, False)


def test_one_file_with_days_beside_one_with_hours(file):
    file("Date,Close\n2022-01-03,1\n", "A.csv")
    folder = file("Date,Close\n2022-01-03T09:30:00,1\n2022-01-03T10:30:00,2\n", "B.csv").parent

    repository = open_repository(folder, timeframe="1h", tz="America/New_York")

    found = repository.load(["A"], "1h", None, None, ["close"])["ts"].to_pylist()
    assert found == [datetime(2022, 1, 3, 5, tzinfo=UTC)]


def test_a_quotation_that_never_ends(file):
    with pytest.raises(RepositoryError, match="look for a quotation mark that is not closed"):
        load(file('Date,Close\n2022-01-03,"1\n' + "2022-01-04,1\n" * 20_000))
