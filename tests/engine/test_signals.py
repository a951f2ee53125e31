"""Signals for backtesters: never null, delayed by each symbol's own bars, swept, errors kept by symbol."""

from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from fakes import Watched, candles
from sweeping import random_candles

import barsweep as bs
from barsweep.data import import_candles

FRAME = candles({"A": [1, 2, 1, 3, 4], "B": [5, 4, 3, 2, 1], "C": [2, 3]})
CROSS = {
    "entry": "param n = 3; crosses_above(close, sma(close, n))",
    "exit": "param m = 4; close < lowest(close, m)[1]",
}
RANDOM = random_candles(11, lengths=(90, 40, 120))


def column(found, name, symbol="A"):
    return found.frame.filter(pl.col("symbol") == symbol)[name].to_list()


def test_a_row_for_every_bar_without_nulls():
    found = bs.signals({"entry": "close > sma(close, 2)", "exit": "close < close[1]"}, FRAME)

    assert found.frame.columns == ["symbol", "ts", "entry", "exit", "ready"]
    assert found.frame.dtypes[2:] == [pl.Boolean] * 3
    assert found.frame.null_count().sum_horizontal().item() == 0
    assert column(found, "entry") == [False, True, False, True, True]
    assert column(found, "exit") == [False, False, True, False, False]
    assert column(found, "ready") == [False, True, True, True, True]
    assert found.frame["symbol"].to_list() == ["A"] * 5 + ["B"] * 5 + ["C"] * 2


def test_ready_tells_warm_up_and_holes():
    """A bar is ready where every formula is defined, also after a hole, and as soon as logic alone decides."""
    frame = candles({"A": [1, 2, None, 4, 5, 6]})

    found = bs.signals({"entry": "close > sma(close, 2)"}, frame)
    decided = bs.signals({"entry": "close > 0 or close > sma(close, 2)"}, frame)

    assert column(found, "ready") == [False, True, False, False, True, True]
    assert column(found, "entry") == [False, True, False, False, True, True]
    assert column(decided, "ready") == [True, True, False, True, True, True]


@pytest.mark.parametrize("delay", [1, 2, 7])
def test_a_delay_moves_signals_within_each_symbol(delay):
    """By its own bars: the first ones have none yet, so they are not ready either."""
    now = bs.signals(CROSS, RANDOM, timeframe="1h")
    later = bs.signals(CROSS, RANDOM, timeframe="1h", delay=delay)

    for symbol in now.symbols:
        for name in ("entry", "exit", "ready"):
            expected = ([False] * delay + column(now, name, symbol))[: len(column(now, name, symbol))]
            assert column(later, name, symbol) == expected


@pytest.mark.parametrize("delay", [0, 1])
@pytest.mark.parametrize("start", ["2024-01-02", "2024-01-03"])
def test_a_range_changes_no_signal(delay, start):
    """The first bar of a range acts on the signal of the bar before it."""
    whole = bs.signals(CROSS, RANDOM, timeframe="1h", delay=delay).frame
    part = bs.signals(CROSS, RANDOM, timeframe="1h", delay=delay, start=start).frame

    first = datetime.fromisoformat(start).replace(tzinfo=UTC)
    assert part.height > 0
    assert part.equals(whole.filter(pl.col("ts") >= first))


def test_a_sweep_has_the_signals_of_each_of_its_points():
    """The params of one formula stand beside all values of another's."""
    found = bs.signals(CROSS, RANDOM, timeframe="1h", parameters={"n": [3, 5], "m": [4, 6, 8]}, delay=1)

    assert found.frame.columns == ["symbol", "ts", "n", "m", "entry", "exit", "ready"]
    assert found.frame.height == 6 * RANDOM.height
    assert found.frame.select("symbol", "ts").equals(found.frame.select("symbol", "ts").sort("symbol", "ts"))
    for n in (3, 5):
        for m in (4, 6, 8):
            alone = bs.signals(CROSS, RANDOM, timeframe="1h", parameters={"n": n, "m": m}, delay=1)
            here = (pl.col("n") == n) & (pl.col("m") == m)
            assert found.frame.filter(here).drop("n", "m").equals(alone.frame)
            assert found.positions.filter(here).drop("n", "m").equals(alone.positions)
            at = {"n": n, "m": m}
            assert (found.wide("position", "numpy", at=at) == alone.wide("position", "numpy")).all()
            assert found.of("S1", at=at).equals(alone.of("S1"))


def test_bad_symbols_are_errors_and_stop_nobody():
    faulty = pl.concat([FRAME, FRAME.filter(pl.col("symbol") == "B").tail(1)])

    found = bs.signals("close > close[1]", faulty, symbols=["Z", "A", "B"])
    none = bs.signals("close > close[1]", faulty, symbols=["Z"])

    assert {symbol: error.kind for symbol, error in found.errors.items()} == {
        "Z": "unknown symbol",
        "B": "candles",
    }
    assert found.symbols == ["A"]
    assert "2 symbols with errors" in repr(found)
    with pytest.raises(KeyError, match=r"no signals of 'B'.*ts"):
        found.of("B")
    assert none.frame.is_empty()
    assert none.frame.columns == ["symbol", "ts", "entry", "ready"]
    assert none.positions.is_empty()
    assert none.wide("entry", "numpy").shape == (0, 0)


@pytest.mark.parametrize(
    "formulas",
    [
        {"entry": "rank(close, percent=true) > 0.5", "exit": "top(volume, 1)"},
        {"entry": 'timeframe("1d", close > open)', "exit": "bars_since(close > open) > 2"},
        {"entry": 'roc(close, 3) > symbol("S1", roc(close, 3))', "exit": 'sector == "Tech"'},
    ],
)
@pytest.mark.parametrize("executor", ["tiles", "polars"])
def test_signals_are_the_values_with_undefined_as_false(formulas, executor):
    found = bs.signals(formulas, RANDOM, timeframe="1h", executor=executor)

    values = bs.evaluate(formulas, RANDOM, timeframe="1h")
    undefined = values.select(pl.any_horizontal(pl.col("entry", "exit").is_null())).to_series()
    assert found.frame.drop("ready").equals(values.with_columns(pl.col("entry", "exit").fill_null(value=False)))
    assert found.frame["ready"].to_list() == (~undefined).to_list()


def test_longer_bars_align_with_their_prices():
    found = bs.signals("close > close[1]", RANDOM, timeframe="1d", delay=np.int64(1))

    closes = bs.evaluate({"close": "close"}, RANDOM, timeframe="1d")
    wide = closes.pivot(on="symbol", index="ts", values="close").sort("ts").select("ts", *found.symbols)
    assert found.wide("close").equals(wide)
    assert len(found.dates) == 4


def test_a_file_that_was_opened_is_let_go(tmp_path):
    FRAME.write_parquet(tmp_path / "candles.parquet")
    import_candles(tmp_path / "candles.parquet", tmp_path / "candles.duckdb")

    found = bs.signals("close > close[1]", tmp_path / "candles.duckdb")

    assert found.origin.repository.connection is None
    assert found.wide("close", "numpy")[:, 0].tolist() == [1, 2, 1, 3, 4]
    assert found.origin.repository.connection is None


@pytest.mark.parametrize("delay", [-1, 1.5, True, "1"])
def test_a_delay_is_a_number_of_bars(delay):
    with pytest.raises(bs.ProcessingEngineError, match="a signal before its bar would look ahead"):
        bs.signals("close > 1", FRAME, delay=delay)


@pytest.mark.parametrize("name", ["ready", "position", "close", "symbol"])
def test_names_of_columns_are_taken(name):
    with pytest.raises(bs.ProcessingEngineError, match=f"no signal can be called {name!r}"):
        bs.signals({name: "close > 1"}, FRAME)


def test_swept_params_are_columns_too():
    with pytest.raises(bs.ProcessingEngineError, match="no swept parameter can be called 'ready'"):
        bs.signals("param ready = 1; open > ready", FRAME, parameters={"ready": [1, 2]})


def test_signals_are_conditions():
    repository = Watched(FRAME)

    with pytest.raises(bs.FormulaError, match="a signal needs a condition, this formula gives a number"):
        bs.signals({"entry": "close > 1", "exit": "close"}, repository)
    assert repository.asked == []
    with pytest.raises(bs.ProcessingEngineError, match="there is no formula"):
        bs.signals({}, FRAME)


def test_different_values_of_one_param_are_refused():
    both = {
        "entry": bs.Formula("param n = 2; close > sma(close, n)", parameters={"n": [2, 3]}),
        "exit": bs.Formula("param n = 2; close < sma(close, n)", parameters={"n": [4, 5]}),
    }

    with pytest.raises(bs.ProcessingEngineError, match="two formulas try different values of n"):
        bs.signals(both, FRAME)


def test_signals_are_for_every_bar():
    with bs.ProcessingEngine(FRAME) as engine:
        with pytest.raises(bs.ProcessingEngineError, match="signals are for every bar"):
            engine.signals(bs.ProcessingJob(None, "close > 1", latest=True))
        told = []
        engine.signals(bs.ProcessingJob(None, "close > 1"), lambda done, total: told.append((done, total)))
    assert told[-1] == (3, 3)


def test_dialects_tables_and_files(tmp_path):
    FRAME.write_parquet(tmp_path / "candles.parquet")
    eps = pl.DataFrame({"symbol": ["A", "B"], "published": [date(2024, 1, 2)] * 2, "eps": [0.5, 0.25]})

    foreign = bs.signals("$close > Ref($close, 1)", tmp_path / "candles.parquet", dialect="qlib")
    native = bs.signals('table("quarterly", eps) > 0.3', tmp_path / "candles.parquet", tables={"quarterly": eps})

    assert column(foreign, "entry") == [False, True, False, True, True]
    assert foreign.wide("close", "numpy")[:, 0].tolist() == [1, 2, 1, 3, 4]
    assert column(native, "entry") == [False, False, True, True, True]
    assert pl.DataFrame(native).equals(native.frame)
