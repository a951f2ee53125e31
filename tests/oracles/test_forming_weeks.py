"""How often a week in the making says otherwise than the last completed one, on five years of the S&P 500."""

import polars as pl
import pytest

import barsweep as bs

COMPLETED = 'timeframe("1w", close > sma(close, 10))'
FORMING = 'timeframe("1w", close > sma(close, 10), forming=true)'


def by_hand(rows):
    """Week by week, of data that begin on a Monday: what completed weeks say, and what with the one so far."""
    closes, week, latest, found = [], None, None, []
    for date, close in rows:
        if week not in (None, date.isocalendar()[:2]):
            closes.append(latest)
        week, latest = date.isocalendar()[:2], close
        found.append((above(closes), above([*closes, latest])))
    return found


def above(closes):
    last = closes[-10:]
    return last[-1] > sum(last) / 10 if len(last) == 10 else None


def test_one_bar_in_seven_differs(shared_data):
    """13.4 % of the bars; with the exchange's session, by which Friday's bar ends the week, 9.9 %."""
    path = shared_data / "ohlcv" / "us_sp500_daily_2012_2017.parquet"
    formulas = {"completed": COMPLETED, "forming": FORMING}

    made = bs.evaluate(formulas, path).drop_nulls(["completed", "forming"])
    by_session = bs.evaluate(formulas, path, session=bs.Session("09:30", "16:00")).drop_nulls(["completed", "forming"])

    assert made.height == 582_183
    assert (made["completed"] != made["forming"]).mean() == pytest.approx(0.1343, abs=5e-5)
    assert (by_session["completed"] != by_session["forming"]).mean() == pytest.approx(0.0993, abs=5e-5)


def test_each_symbols_weeks_are_those_counted_by_hand(shared_data):
    path = shared_data / "ohlcv" / "us_sp500_daily_2012_2017.parquet"
    symbols = ["AAPL", "IBM", "XOM", "GE"]
    candles = pl.read_parquet(path).filter(pl.col("symbol").is_in(symbols)).sort("symbol", "date")

    made = bs.evaluate({"completed": COMPLETED, "forming": FORMING}, candles)

    assert made["symbol"].n_unique() == len(symbols)
    for (symbol,), rows in made.group_by(["symbol"]):
        own = candles.filter(pl.col("symbol") == symbol).select("date", "close").rows()
        assert own[0][0].isoweekday() == 1
        assert rows.select("completed", "forming").rows() == by_hand(own)
