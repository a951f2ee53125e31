"""A store hands out what was written, and notices files that are not what was written."""

import json
from datetime import date, datetime, timedelta

import polars as pl
import pytest
from faulty import FIELDS, FIRST, candles, policies, same
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barsweep.data import CandlePolicy, CandleStore, FrameRepository, import_candles, open_repository
from barsweep.data.inspecting import Inspection
from barsweep.data.storing import write_store
from barsweep.errors import RepositoryError

DAYS = [FIRST + timedelta(days=day) for day in range(3)]
SOME = pl.DataFrame(
    {
        "symbol": ["A", "A", "B"],
        "ts": DAYS[:2] + DAYS[:1],
        "close": [1.0, None, float("nan")],
        "volume": [1.0, 2.0, 3.0],
        "sector": ["Tech", None, "a text of more than twelve letters"],
        "listed": [True, None, False],
    }
)


@pytest.fixture
def store(tmp_path):
    """A store of some candles."""
    write_store([SOME], tmp_path / "candles.store", "1d", "America/New_York")
    return tmp_path / "candles.store"


def files(store):
    return sorted(path for path in store.rglob("*.arrow"))


def test_what_was_written_comes_back(store):
    repository = CandleStore(store)
    columns = ["close", "volume", "sector", "listed"]

    assert pl.DataFrame(repository.load(None, "1d", None, None, columns)).equals(SOME)
    assert repository.columns("1d") == {"close": "number", "volume": "number", "sector": "text", "listed": "boolean"}
    assert (repository.symbols("1d"), repository.rows("1d")) == (["A", "B"], {"A": 2, "B": 1})
    assert (repository.span("1d"), repository.zone_name) == ((DAYS[0], DAYS[1]), "America/New_York")


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(candles(), policies(), st.sampled_from([None, ["A"], ["A", "C"]]), st.sampled_from([None, FIRST + timedelta(4)]))
def test_a_store_is_checked_as_the_frame_it_was_made_of(tmp_path, frame, policy, symbols, start):
    ordered = frame.drop_nulls(["symbol", "ts"]).sort("symbol", "ts", maintain_order=True)
    write_store([ordered], tmp_path / "c.store", "1d", "UTC")
    store, memory = CandleStore(tmp_path / "c.store"), FrameRepository(ordered, timeframe="1d")
    for columns in (["close", "high"], ["volume"], list(FIELDS)):
        load = symbols, "1d", start, None, columns, 2, policy
        same(store.load_checked(*load), memory.load_checked(*load))


def test_what_was_clean_is_not_looked_at_again(store, monkeypatch):
    looked = []
    monkeypatch.setattr(Inspection, "look", lambda _, places: looked.extend(places))

    CandleStore(store).load_checked(None, "1d", None, None, ["volume"], 0, CandlePolicy())

    assert looked == []


def test_adjusted_prices_are_looked_at(tmp_path):
    frame = SOME.with_columns(close=pl.lit(2.0), factor=pl.Series([0.5, 0.0, 0.5]))
    write_store([frame], tmp_path / "c.store", "1d", "UTC")
    load = None, "1d", None, None, ["close"], 0, CandlePolicy()

    checked = CandleStore(tmp_path / "c.store", adjust="factor").load_checked(*load)

    same(checked, FrameRepository(frame, adjust="factor").load_checked(*load))
    assert checked.frame["close"].to_list() == [1.0, None, 1.0]


@pytest.mark.parametrize("timeframe", ["1h", "1d", "1w"])
def test_longer_bars_are_made(tmp_path, timeframe):
    moments = [datetime(2024, 1, 1) + timedelta(hours=hour) for hour in range(24 * 30)]
    frame = pl.DataFrame({"symbol": "A", "ts": moments, "close": [float(n) for n in range(len(moments))]})
    frame = frame.cast({"ts": pl.Datetime("us", "UTC")})
    write_store([frame], tmp_path / "c.store", "1h", "Asia/Tokyo")
    load = None, timeframe, date(2024, 1, 9), None, ["close"], 3, CandlePolicy()

    stored = open_repository(tmp_path / "c.store")

    same(stored.load_checked(*load), FrameRepository(frame, tz="Asia/Tokyo").load_checked(*load))


def test_no_candles(tmp_path):
    write_store([SOME.clear()], tmp_path / "c.store", "1d", "UTC")
    repository = CandleStore(tmp_path / "c.store")

    assert (repository.symbols("1d"), repository.span("1d")) == ([], None)
    assert repository.load(None, "1d", None, None, ["close"]).num_rows == 0


def test_importing_into_a_store(tmp_path):
    (tmp_path / "A.csv").write_text("Date,Close\n2024-01-02,1.5\n2024-01-03,1.6\n")
    target = tmp_path / "candles.store"

    imported = import_candles(tmp_path / "A.csv", target, symbol="A")

    assert (imported.rows, imported.symbols) == (2, 1)
    assert isinstance(open_repository(target), CandleStore)
    with pytest.raises(RepositoryError, match="has candles already: say replace=True"):
        import_candles(tmp_path / "A.csv", target, symbol="A")
    import_candles(tmp_path / "A.csv", target, symbol="B", replace=True)
    assert open_repository(target).symbols("1d") == ["B"]
    assert len([path for path in target.iterdir() if path.is_dir()]) == 1


@pytest.mark.parametrize("name", ["notes.txt", None], ids=["another folder", "a file"])
def test_what_is_no_store_stays(tmp_path, name):
    (tmp_path / "A.csv").write_text("Date,Close\n2024-01-02,1.5\n")
    target = tmp_path / "candles.store"
    if name is None:
        target.write_text("mine")
    else:
        target.mkdir()
        (target / name).write_text("mine")

    with pytest.raises(RepositoryError, match="is there already, and is no candle store"):
        import_candles(tmp_path / "A.csv", target, replace=True)


def test_a_store_that_was_renewed_is_opened_anew(store):
    repository = CandleStore(store)
    repository.health()
    old = repository.load_checked(None, "1d", None, None, ["volume"], 0, CandlePolicy())
    write_store([SOME.with_columns(volume=pl.lit(9.0))], store, "1d", "UTC")

    repository.health()

    assert repository.load(None, "1d", None, None, ["volume"])["volume"].to_pylist() == [9.0] * 3
    assert old.frame["volume"].to_list() == [1.0, 2.0, 3.0]


def test_a_file_that_is_gone_may_be_there_when_tried_again(store):
    repository = CandleStore(store)
    repository.health()
    for file in files(store):
        file.unlink()

    with pytest.raises(RepositoryError, match="is gone: the store was perhaps renewed") as raised:
        repository.load(None, "1d", None, None, ["volume"])
    assert raised.value.retryable


@pytest.mark.parametrize("number", range(6))
def test_a_file_that_was_cut_off_is_refused(store, number):
    file = files(store)[number]
    file.write_bytes(file.read_bytes()[:-8])

    with pytest.raises(RepositoryError, match=r"has \d+ bytes where \d+ were written: import the candles again"):
        CandleStore(store).load(None, "1d", None, None, ["close", "volume", "sector", "listed"])


def test_a_file_with_other_contents_is_refused(store):
    for file in files(store):
        file.write_bytes(b"x" * file.stat().st_size)

    with pytest.raises(RepositoryError, match="cannot be read"):
        CandleStore(store).symbols("1d")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "is a store of version None, this is 1"),
        ('{"version": 2}', "is a store of version 2, this is 1"),
        ('{"version": 1}', "is not what was written: KeyError"),
    ],
)
def test_a_list_that_is_none_is_refused(store, text, message):
    (store / "store.json").write_text(text)

    with pytest.raises(RepositoryError, match=message):
        CandleStore(store).health()


def test_a_store_that_cannot_be_written_leaves_the_old_one(store, monkeypatch):
    monkeypatch.setattr(json, "dumps", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_store([SOME.head(1)], store, "1d", "UTC")

    assert CandleStore(store).rows("1d") == {"A": 2, "B": 1}
    assert len(list(store.iterdir())) == 2
