"""What holds for every form that looks at other rows: no look-ahead, symbols apart, ranges and batches of no matter."""

import datetime as dt

import polars as pl
import pytest
from sweeping import random_candles

import barsweep as bs

FORMS = {
    "completed": 'timeframe("4h", rsi(close, 3))',
    "forming": 'timeframe("4h", rsi(close, 3), forming=true)',
    "forming window": 'timeframe("1d", close > sma(close, 2), forming=true)',
    "forming state": 'timeframe("4h", bars_since(close > open), forming=true)',
    "some": "bars_where(close > open, ema(close, 3))",
    "some of some": "bars_where(close > open, bars_where(volume > 2000, sma(close, 2)))",
    "weeks of some": 'timeframe("1d", bars_where(close > open, close))',
    "table": 'table("t", close - close[1])',
    "some of a table": 'table("t", bars_where(volume > 2000, sma(close, 2)))',
    "days of a table": 'timeframe("1d", close / table("t", sma(close, 2)))',
    "other": 'symbol("S3", ema(close, 3)) / close',
    "form of another": 'symbol("S3", timeframe("4h", sma(close, 2), forming=true))',
    "some beside a symbol": 'bars_where(close > symbol("S3", close), sma(close, 2))',
    "mixed": 'ema(timeframe("4h", close, forming=true) - bars_where(close > open, close), 5) > 0',
}
TABLE = random_candles(77, lengths=(20, 20, 30, 20)).with_columns(
    ts=pl.col("ts") + pl.duration(minutes=37) + pl.duration(hours=4) * pl.int_range(pl.len()).over("symbol")
)


@pytest.fixture(params=["polars", "tiles"])
def swept(request):
    def run(candles, **options):
        repository = bs.FrameRepository(candles, timeframe="1h")
        given = {"timeframe": "1h", "tables": {"t": TABLE}, "executor": request.param, **options}
        return bs.evaluate(FORMS, repository, **given)

    return run


@pytest.fixture(scope="module")
def candles():
    return random_candles(71, lengths=(1, 2, 110, 150, 60))


def different(left, right):
    return [name for name in FORMS if not left[name].equals(right[name], null_equal=True)]


def test_every_form_has_values(candles, swept):
    found = swept(candles)

    assert [name for name in FORMS if found[name].count() < 20] == []


@pytest.mark.parametrize("session", [None, bs.Session("04:00", "20:00", weekdays=[1, 2, 4, 5, 6])])
def test_no_form_looks_ahead(candles, swept, session):
    """Cutting the future off changes nothing before the cut; what is published later is not there yet."""
    whole = swept(candles, session=session)
    begin = candles["ts"].min()
    for hours in (9, 30, 47, 100):
        past = candles.filter(pl.col("ts") < begin + dt.timedelta(hours=hours))
        known = TABLE.filter(pl.col("ts") <= begin + dt.timedelta(hours=hours))

        early = swept(past, session=session, tables={"t": known})

        expected = whole.join(past.select("symbol", "ts"), on=["symbol", "ts"], how="semi", maintain_order="left")
        assert different(early, expected) == []


def test_symbols_are_independent(candles, swept):
    """Alone beside the symbol that is named, each has the values that it has among all."""
    whole = swept(candles)
    for symbol in ("S0", "S1", "S2", "S4"):
        alone = swept(candles.filter(pl.col("symbol").is_in([symbol, "S3"])))

        mine = pl.col("symbol") == symbol
        assert different(alone.filter(mine), whole.filter(mine)) == []


def test_the_range_of_dates_changes_nothing(candles, swept):
    start = candles["ts"].min() + dt.timedelta(hours=50)
    whole = swept(candles).filter(pl.col("ts") >= start)

    assert different(swept(candles, start=start), whole) == []


def test_batches_may_be_cut_anywhere(candles, swept, monkeypatch):
    """One symbol a batch."""
    whole = swept(candles)
    for most in ("MOST_SYMBOLS", "MOST_CUT_SYMBOLS"):
        monkeypatch.setattr(f"barsweep.engine.dividing.{most}", 1)

    assert different(swept(candles), whole) == []


def test_matches_are_the_bars_at_which_values_are_true(candles):
    """The tiles find what they evaluate."""
    formula = 'timeframe("4h", close > sma(close, 2), forming=true) and bars_where(close > open, close > close[1])'
    repository = bs.FrameRepository(candles, timeframe="1h")
    values = bs.evaluate(formula, repository, timeframe="1h")

    found = bs.scan(formula, repository, timeframe="1h").matches.select("symbol", "ts")

    assert found.equals(values.filter(pl.col("value")).select("symbol", "ts"))
    assert found.height > 10
