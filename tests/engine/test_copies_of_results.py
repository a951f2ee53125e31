"""Results go to other processes, as pools of them do with what workers return, and can be asked for more there."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from fakes import rising

import barsweep as bs
from barsweep.data import import_candles

FORMULAS = {"one": "close > sma(close, 3)", "several": {"up": "close > close[1]", "high": "close >= highest(close, 3)"}}


@pytest.fixture(params=["frame", "candles.parquet", "candles.csv", "candles.duckdb", "candles.store"])
def source(request, tmp_path):
    frame = rising(4, bars=20)
    if request.param == "frame":
        return frame
    frame.write_parquet(tmp_path / "candles.parquet")
    frame.write_csv(tmp_path / "candles.csv")
    if request.param in {"candles.duckdb", "candles.store"}:
        import_candles(tmp_path / "candles.parquet", tmp_path / request.param)
    return tmp_path / request.param


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
@pytest.mark.parametrize("copied", [lambda found: pickle.loads(pickle.dumps(found)), copy.deepcopy])
def test_a_copy_is_the_result_and_has_its_candles(source, formula, copied):
    found = bs.scan(formula, source, latest=formula is FORMULAS["one"])

    again = copied(found)

    assert again.matches.equals(found.matches)
    assert again.outcomes.equals(found.outcomes)
    assert again.origin.candles(["S001"]).equals(found.origin.candles(["S001"]))
    assert again.origin.values({"x": "ema(close, 5)"}).equals(found.origin.values({"x": "ema(close, 5)"}))


def test_another_process_asks_for_more(source, tmp_path):
    (tmp_path / "own.formula").write_text("def mine(x) = x - x[2]\n")
    service = bs.FormulaService(libraries=tmp_path / "own.formula")
    found = bs.scan("mine(close) > 1", source, service=service)
    (tmp_path / "found").write_bytes(pickle.dumps(found))
    code = f"""
import pickle
found = pickle.load(open({str(tmp_path / "found")!r}, "rb"))
print(found.matches.height, found.origin.values({{"x": "mine(close)"}})["x"].sum())
"""

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    expected = found.matches.height, found.origin.values({"x": "mine(close)"})["x"].sum()
    assert said.stdout.split() == list(map(str, expected)), said.stderr
    assert found.matches.height


@bs.function(warmup=lambda n: n, reach=lambda n: n)
def over(x: np.ndarray, n: int = 3) -> np.ndarray:
    """The change over n bars."""
    return np.concatenate([np.full(min(n, len(x)), np.nan), x[n:] - x[:-n]])


class Named(bs.FormulaService):
    """One with something of its own."""

    def __init__(self, name, **given):
        super().__init__(**given)
        self.name = name


def test_services_keep_what_they_were_given(tmp_path, monkeypatch):
    (tmp_path / "own.formula").write_text("def mine(x) = x - x[2]\n")
    monkeypatch.chdir(tmp_path)
    service = Named("mine", functions=[over], libraries="own.formula")
    found = bs.scan("over(close, 2) > 0 and mine(close) > 0", rising(2, bars=9), service=service)
    monkeypatch.chdir("/")

    for again in (pickle.loads(pickle.dumps(found)), copy.deepcopy(found), copy.copy(found)):
        assert again.origin.values({"x": "over(close) + mine(close)"})["x"].sum() > 0
        assert again.origin.service.name == "mine"
