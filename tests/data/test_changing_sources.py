"""A source that changes under a load, while another thread finds out: what comes is the symbol that was asked for."""

import datetime as dt
import threading

import polars as pl
import pytest

from barsweep import DuckDBRepository
from barsweep.data import held, store
from barsweep.data.into_database import write_table
from barsweep.data.policies import CandlePolicy
from barsweep.data.store import CandleStore
from barsweep.data.storing import write_store

PLACES = {"Inspection": held, "Candles": store}
DAYS = pl.date_range(dt.date(2024, 1, 1), dt.date(2024, 1, 10), eager=True)


def bars(symbols):
    """Each symbol's close is its letter's number."""
    parts = [{"symbol": s, "ts": DAYS, "close": [float(ord(s))] * 10, "volume": [1.0] * 10} for s in symbols]
    return pl.concat(map(pl.DataFrame, parts))


def loaded(repository, symbol):
    found = repository.load_checked([symbol], "1d", None, None, ["close"], 0, CandlePolicy()).candles
    return found.symbols, found.table["close"].unique().to_list()


def once(monkeypatch, owner, name, change):
    """Call `change` the first time that `name` has done its work."""
    really, left = getattr(owner, name), [change]

    def then(*arguments):
        answer = really(*arguments)
        if left:
            left.pop()()
        return answer

    monkeypatch.setattr(owner, name, then)


def test_a_store_renewed_during_a_load(tmp_path, monkeypatch):
    path = tmp_path / "candles.store"
    write_store([bars("BC")], path, "1d", "UTC")
    store = CandleStore(path)
    store.health()

    def renew():
        write_store([bars("ABC")], path, "1d", "UTC")
        store.health()

    once(monkeypatch, held.Spans, "of", renew)

    assert loaded(store, "B") == (("B",), [float(ord("B"))])


@pytest.mark.parametrize("place", ["Inspection", "Candles"])
def test_what_was_found_in_an_older_store_is_not_remembered(tmp_path, monkeypatch, place):
    """One thread looks at the store; meanwhile another finds it renewed; a third one asks afterwards."""
    path = tmp_path / "candles.store"
    write_store([bars("BC")], path, "1d", "UTC")
    repository = CandleStore(path)
    repository.health()
    first, renewed, really, found = threading.Event(), threading.Event(), getattr(PLACES[place], place), []

    def slow(*arguments):
        answer = really(*arguments)
        if not first.is_set():
            first.set()
            assert renewed.wait(10)
        return answer

    monkeypatch.setattr(PLACES[place], place, slow)
    looking = threading.Thread(target=lambda: found.append(loaded(repository, "B")))
    looking.start()
    assert first.wait(10)
    write_store([bars("AB")], path, "1d", "UTC")
    repository.health()
    renewed.set()
    looking.join()

    assert loaded(repository, "A") == (("A",), [float(ord("A"))])
    assert found == [(("B",), [float(ord("B"))])]


def test_a_renewed_store_is_read_at_the_next_try(tmp_path):
    path = tmp_path / "candles.store"
    write_store([bars("BC")], path, "1d", "UTC")
    store = CandleStore(path)
    store.health()
    store.load(["B"], "1d", None, None, ["close"])
    write_store([bars("ABC")], path, "1d", "UTC")

    with pytest.raises(Exception, match="gone") as failed:
        store.load(["B"], "1d", None, None, ["volume"])

    assert failed.value.retryable
    assert store.load(["B"], "1d", None, None, ["volume"]).num_rows == 10


def test_a_database_replaced_and_counted_anew_during_a_load(tmp_path, monkeypatch):
    path, other = tmp_path / "candles.duckdb", tmp_path / "other.duckdb"
    write_table([bars("BC")], path, "candles")
    write_table([bars("AB")], other, "candles")
    repository = DuckDBRepository(path)
    repository.health()
    assert loaded(repository, "C") == (("C",), [float(ord("C"))])

    def replace():
        repository.close()
        other.replace(path)
        repository.forget()
        assert repository.runs is not None

    once(monkeypatch, DuckDBRepository, "as_counted", replace)

    symbols, _ = loaded(repository, "C")
    assert symbols == ()
