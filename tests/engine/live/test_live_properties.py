"""Batch and live agree to the bit, for every function of the library: with holes, new listings, and a restart."""

import datetime as dt

import polars as pl
import pytest
from sweeping import CALLS, COMPOSED, is_across, random_candles

import barsweep as bs

LOOKING_ELSEWHERE = (
    "session_bar",
    'new_period("2d")',
    'ago(close, "2d")',
    "vwap()",
    'timeframe("1d", sma(close, 2))',
    'timeframe("4h", close > open, forming=true)',
    "bars_where(close > open, sma(close, 3))",
    'roc(close, 3) - symbol("S2", roc(close, 3))',
    'timeframe("4h", symbol("S2", close))',
)
EVERY = [call for call in (*CALLS, *COMPOSED) if not call.startswith(("session_bar", "new_period", "ago(", "vwap"))]
GROUPS = {
    "along": [call for call in EVERY if not is_across(call) and "vwap" not in call],
    "across": [call for call in EVERY if is_across(call)],
    "across, then along": ["sma(rank(close), 3)", "rank(sma(rank(close), 3))", "ema(zscore(close), 5) > 0"],
    "elsewhere": list(LOOKING_ELSEWHERE),
}
BARS_LIVE = 24


@pytest.fixture(scope="module")
def candles():
    """Hourly candles with holes; S1 is listed within the last bars, S0 and S3 have ended before."""
    frame = random_candles(11, lengths=(2, 12, 110, 37, 130))
    newest = frame["ts"].max()
    own = frame.filter(pl.col("symbol") == "S1")
    later = own.with_columns(pl.col("ts") + (newest - own["ts"].max()))
    return pl.concat([frame.filter(pl.col("symbol") != "S1"), later]).sort("symbol", "ts")


def pieces(candles, chunk):
    """The last bars, so many ts at a time."""
    times = candles["ts"].unique().sort()[-BARS_LIVE:]
    return [candles.filter(pl.col("ts").is_in(times[at : at + chunk])) for at in range(0, BARS_LIVE, chunk)]


@pytest.mark.parametrize("group", GROUPS)
def test_live_is_batch_bar_for_bar(group, candles, tmp_path):
    """Pushed one by one after a look at each bar in the making, then in chunks of 7, with a restart in between."""
    formulas = {f"f{number}": call for number, call in enumerate(GROUPS[group])}
    first = candles["ts"].unique().sort()[-BARS_LIVE]
    whole = bs.evaluate(formulas, candles, timeframe="1h")
    scanner = bs.LiveScanner(formulas, candles.filter(pl.col("ts") < first), timeframe="1h")
    found = []
    single, several = pieces(candles, 1)[:10], pieces(candles.filter(pl.col("ts") >= first), 7)
    for bars in single:
        forming = bars.with_columns(pl.col("close") * 1.5, pl.col("high") * 2)
        scanner.update(forming)
        found.append(scanner.push(bars))
    scanner.save(tmp_path / "state")
    scanner = bs.LiveScanner.restore(tmp_path / "state", formulas)
    done = max(bars["ts"].max() for bars in single)
    for bars in several:
        found.append(scanner.push(bars.filter(pl.col("ts") > done)))

    values = pl.concat([each.values for each in found], how="vertical_relaxed").sort("symbol", "ts")

    expected = whole.filter(pl.col("ts") >= first)
    assert values.select("symbol", "ts").equals(expected.select("symbol", "ts"))
    assert [formulas[name] for name in formulas if not values[name].equals(expected[name], null_equal=True)] == []


def test_a_bar_in_the_making_has_the_values_that_it_would_have_when_over(candles):
    """What `update` says is what `push` says of the same bar."""
    formulas = {f"f{number}": call for number, call in enumerate(GROUPS["along"][::7])}
    times = candles["ts"].unique().sort()
    scanner = bs.LiveScanner(formulas, candles.filter(pl.col("ts") < times[-1]), timeframe="1h")
    last = candles.filter(pl.col("ts") == times[-1])

    looked, pushed = scanner.update(last).values, scanner.push(last).values

    assert looked.equals(pushed, null_equal=True)


def test_a_scanner_without_history_says_what_a_batch_says():
    """From the first bar on."""
    frame = random_candles(12, lengths=(30, 25))
    formulas = {"a": "sma(close, 3)", "b": "ema(close, 4)", "c": "bar_index"}
    scanner = bs.LiveScanner(formulas, timeframe="1h")
    hour = dt.timedelta(hours=1)
    begin = frame["ts"].min()
    steps = [frame.filter(pl.col("ts") == begin + hour * number) for number in range(45)]

    values = pl.concat([scanner.push(step).values for step in steps if step.height], how="vertical_relaxed")

    assert values.sort("symbol", "ts").equals(bs.evaluate(formulas, frame, timeframe="1h"), null_equal=True)
