"""Bars that arrive: in whatever form, late, twice, faulty, of symbols that nobody asked for, and those that wait."""

import datetime as dt
import math

import polars as pl
import pyarrow as pa
import pytest
from fakes import Watched

import barsweep as bs
from barsweep.data.policies import CandlePolicy

DAY = dt.date(2024, 1, 1)


def day(number):
    return DAY + dt.timedelta(days=number)


def bars(symbol, closes, begin=0):
    """Daily bars of one symbol."""
    days = [day(begin + number) for number in range(len(closes))]
    return pl.DataFrame({"symbol": symbol, "ts": days, "close": [float(close) for close in closes]})


@pytest.fixture
def history():
    return pl.concat([bars("A", [1, 2, 3]), bars("B", [5, 6, 7])])


def reasons(arrived):
    return dict(arrived.refused.select("symbol", "reason").iter_rows())


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda frame: frame, id="polars"),
        pytest.param(lambda frame: frame.to_arrow(), id="arrow"),
        pytest.param(lambda frame: frame.to_pandas(), id="pandas"),
        pytest.param(lambda frame: frame.to_dicts(), id="dicts"),
        pytest.param(
            lambda frame: frame.rename({"ts": "Date", "close": "Close", "symbol": "Ticker"}), id="other names"
        ),
        pytest.param(lambda frame: frame.with_columns(pl.col("close").cast(pl.Int32)), id="whole numbers"),
        pytest.param(lambda frame: frame.with_columns(pl.col("ts").dt.to_string("%Y-%m-%d")), id="dates as text"),
        pytest.param(lambda frame: frame.sort("symbol", descending=True), id="unsorted"),
        pytest.param(lambda frame: pa.table(frame.to_arrow()), id="table"),
    ],
)
def test_bars_come_in_any_form(form, history):
    """As `scan` takes data."""
    scanner = bs.LiveScanner("sma(close, 2)", history)

    values = scanner.push(form(pl.concat([bars("A", [4], 3), bars("B", [8], 3)]))).values

    assert values.rows() == [("A", day(3), 3.5), ("B", day(3), 7.5)]


def test_one_bar_is_a_mapping(history):
    """The smallest push."""
    scanner = bs.LiveScanner("close > close[1]", history)

    arrived = scanner.push({"symbol": "B", "ts": day(3), "close": 8.0})

    assert arrived.matches.rows() == [("B", day(3))]
    assert (arrived.bars, arrived.waiting) == (1, 0)


@pytest.mark.parametrize("usual", [True, False])
def test_late_and_repeated_bars_are_refused_by_name_and_change_nothing(history, caplog, usual):
    """And logged; the bars of others are run."""
    scanner, other = (bs.LiveScanner("ema(close, 2)", history) for _ in range(2))
    if usual:  # the same symbols as before take a shorter way
        for each in (scanner, other):
            each.push(pl.concat([bars("A", [4], 3), bars("B", [8], 3)]))
    newest = 3 if usual else 2

    with caplog.at_level("WARNING", logger="barsweep"):
        arrived = scanner.push(pl.concat([bars("A", [9], newest), bars("B", [9], newest + 1)]))
    late = scanner.push(bars("A", [9], 0))

    assert reasons(arrived) == {
        "A": "duplicate: the symbol has had this bar; update() replaces the one in the making alone"
    }
    assert reasons(late) == {"A": "late: the symbol has had a later bar"}
    assert "A: the bar at" in caplog.text
    assert arrived.values["symbol"].to_list() == ["B"]
    following = bars("A", [5], newest + 1)
    assert scanner.push(following).values.equals(other.push(following).values)


def test_bars_of_a_symbol_that_contradict_each_other_are_refused(history):
    """Nobody can tell which is right; unless the policy of the history says so."""
    twice = pl.concat([bars("A", [4], 3), bars("A", [5], 3), bars("B", [8], 3)])
    lenient = bs.FrameRepository(history, policy=CandlePolicy(duplicate_ts="drop"))

    arrived = bs.LiveScanner("sma(close, 2)", history).push(twice)
    dropped = bs.LiveScanner("sma(close, 2)", lenient).push(twice)

    assert "more than one row for a ts" in reasons(arrived)["A"]
    assert arrived.values["symbol"].to_list() == ["B"]
    assert dropped.values.rows() == [("A", day(3), 4.0), ("B", day(3), 7.5)]


@pytest.mark.parametrize("close", [0.0, -1.0, float("nan"), float("inf"), None])
def test_faulty_fields_are_undefined_as_in_a_batch(close, history):
    """A price of 0 is how vendors write missing."""
    new = pl.concat([bars("A", [4], 3).with_columns(pl.lit(close, pl.Float64).alias("close")), bars("B", [8], 3)])
    scanner = bs.LiveScanner("ema(close, 2)", history)

    values = scanner.push(new).values

    whole = bs.evaluate("ema(close, 2)", pl.concat([history, new]))
    assert values.equals(whole.filter(pl.col("ts") == day(3)), null_equal=True)


def test_the_universe_may_be_closed(history):
    """Bars of others are refused."""
    scanner = bs.LiveScanner("close > 1", history, symbols=["A"])

    arrived = scanner.push(pl.concat([bars("A", [4], 3), bars("C", [8], 3)]))

    assert reasons(arrived) == {"C": "unknown symbol: it is not among symbols="}
    assert scanner.symbols == ["A"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("text", "give a Polars, pandas or Arrow table"),
        ([1, 2], "a mapping such as"),
        ({"symbol": "A", "close": 1.0}, "ts"),
        ({"symbol": "A", "ts": day(3)}, "close"),
        ({"symbol": "A", "ts": dt.datetime(2024, 1, 4, 9, 30, tzinfo=dt.UTC), "close": 1.0}, "dates"),
    ],
)
def test_what_is_no_bar_is_told(given, message, history):
    """And the scanner goes on."""
    scanner = bs.LiveScanner("close > 1", history)

    with pytest.raises(bs.BarsweepError, match=message):
        scanner.push(given)

    assert scanner.push(bars("A", [4], 3)).bars == 1


def test_several_bars_in_the_making_of_one_symbol_are_refused(history):
    """Only one can be."""
    scanner = bs.LiveScanner("close > 1", history)

    with pytest.raises(bs.ProcessingEngineError, match="A: several bars in the making"):
        scanner.update(bars("A", [4, 5], 3))


class Clock:
    """Seconds that pass when told."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def with_clock(scanner):
    clock = scanner._waiting.clock = Clock()
    return clock


def test_lateness_puts_bars_into_order(history):
    """They wait until a later one shows that nothing earlier is to come."""
    scanner = bs.LiveScanner("sma(close, 2)", history, lateness=dt.timedelta(days=2))
    steps = [bars("A", [5], 4), bars("A", [4], 3), bars("A", [7], 6), bars("A", [4.5], 3)]

    arrived = [scanner.push(step) for step in steps]

    assert [each.values.rows() for each in arrived[:2]] == [[], []]
    assert arrived[1].waiting == 2
    assert arrived[2].values.rows() == [("A", day(3), 3.5), ("A", day(4), 4.5)]
    assert "duplicate" in reasons(arrived[3])["A"] or "late" in reasons(arrived[3])["A"]
    assert scanner.flush().values.rows() == [("A", day(6), 6.0)]


def test_the_same_bar_twice_while_it_waits_is_refused(history):
    """The first one counts."""
    scanner = bs.LiveScanner("close", history, lateness=dt.timedelta(days=1))
    scanner.push(bars("A", [4], 3))

    again = scanner.push(bars("A", [5], 3))

    assert "duplicate" in reasons(again)["A"]
    assert scanner.flush().values.rows() == [("A", day(3), 4.0)]


def test_rankings_wait_for_the_rest_of_their_ts(history):
    """A ts is run when all are there, or its grace is over; who comes then is late."""
    scanner = bs.LiveScanner("rank(close)", history, grace=5)
    clock = with_clock(scanner)

    first = scanner.push(bars("A", [9], 3))
    second = scanner.push(bars("B", [8], 3))
    alone = scanner.push(bars("A", [9], 4))
    clock.now = 6.0
    due = scanner.due()
    late = scanner.push(bars("B", [8], 4))

    assert first.values.rows() == []
    assert second.values.rows() == [("A", day(3), 2.0), ("B", day(3), 1.0)]
    assert alone.waiting == 1
    assert due.values.rows() == [("A", day(4), 1.0)]
    assert reasons(late) == {"B": "late: the rankings of its ts have been made"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("lateness", value) for value in (-1, dt.timedelta(days=-1), "1d", None, math.nan, math.inf, 1e300)),
        *(("grace", value) for value in (-0.5, "5", None, math.nan)),
    ],
)
def test_nobody_waits_less_than_no_time(name, value, history):
    """Which is told before the history is read."""

    def read(_):
        raise AssertionError("the history was read")

    with pytest.raises(bs.ProcessingEngineError, match=f"{name} is"):
        bs.LiveScanner("close > 1", Watched(history, read), **{name: value})


def test_several_formulas_have_matches_as_a_scan_has_them(history):
    """With indicators, and told apart."""
    formulas = {"up": "close > sma(close, 2)", "value": "sma(close, 3)", "high": "close > 7"}
    scanner = bs.LiveScanner(formulas, history)
    new = pl.concat([bars("A", [4], 3), bars("B", [8], 3)])

    arrived = scanner.push(new)

    conditions = {name: formulas[name] for name in ("up", "high")}
    expected = bs.scan(conditions, pl.concat([history, new]), start=day(3)).matches
    assert arrived.matches.equals(expected, null_equal=True)
    assert arrived.values.columns == ["symbol", "ts", "up", "value", "high"]


@pytest.mark.parametrize("first", [dt.date(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=dt.UTC)])
@pytest.mark.parametrize(
    "formulas", ["t = close > 1; close > sma(close, 2)", {"up": "close > 2", "x": "close", "rank": "rank(close) > 0"}]
)
def test_tables_of_no_bar_are_like_those_of_bars(formulas, first):
    """When nothing is due, nothing new has come, or all was refused: the same columns of the same types."""
    times = [first + dt.timedelta(days=days) for days in range(4)]
    frame = pl.DataFrame({"symbol": "A", "ts": times, "close": [1.0, 2.0, 3.0, 4.0]})
    scanner = bs.LiveScanner(formulas, frame.head(3))

    nothing = [scanner.due(), scanner.flush(), scanner.catch_up(frame.head(3)), scanner.push(frame.head(1))]
    pushed = scanner.push(frame.tail(1))

    for arrived in nothing:
        assert arrived.matches.schema == pushed.matches.schema
        assert arrived.values.schema == pushed.values.schema
        assert arrived.matches.height == arrived.values.height == arrived.bars == 0
    assert pushed.values.height == 1
