"""Why a bar matches: each part has the value that the same text has by itself, on the bar that was asked for."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from fakes import Watched, candles

import barsweep as bs
from barsweep.data import sample_candles

FORMULAS = [
    "close > sma(close, 20) and volume > 1.5 * sma(volume, 20) and 30 < rsi(close, 14) < 70",
    "fast = ema(close, 12); slow = ema(close, 26); fast > slow and not (close < fast) or crosses_above(fast, slow)",
    "line, signal, hist = macd(close); hist > 0 and bbands(close + 1, n=10).upper < high * 1.01",
    "at_least(2, close > open, volume > sma(volume, 5), weekday == 1) ? close > 10 : false",
    "param n = 5\ndef over(x, n) = x > sma(x, n)\nover(close, n) and date > '2015-03-01'",
    "rank(roc(close, 20), percent=true) > 0.7 and top(volume, 5)",
    'close > timeframe("1w", sma(close, 4)) and roc(close, 5) > symbol("AAAA", roc(close, 5))',
    "close / highest(high, 20)[1]",
]


@pytest.fixture(scope="module")
def sample():
    made = sample_candles(12, 250, defects=False)
    return made.with_columns(pl.col("symbol").replace(made["symbol"].min(), "AAAA"))


def statements_of(source):
    head, separator, _ = source.rpartition("\n" if "\n" in source else ";")
    return head + separator


@pytest.mark.parametrize("source", FORMULAS)
@pytest.mark.parametrize("executor", ["tiles", "polars"])
def test_parts_have_the_values_of_their_texts(sample, source, executor):
    symbol, day = "AAAA", sample["ts"].unique().sort()[200]

    found = bs.explain_match(source, sample, symbol, day, executor=executor)

    alike = [part for part in found.tree.walk() if not part.where and part.kind in {"number", "boolean"}]
    texts = {f"p{place}": f"{statements_of(source)}({part.text})" for place, part in enumerate(alike)}
    alone = bs.evaluate(texts, sample, start=day, end=day, executor=executor).filter(symbol=symbol).row(0, named=True)
    assert len(alike) > 1
    assert {name: alone[name] for name in texts} == {f"p{place}": part.value for place, part in enumerate(alike)}
    assert (found.symbol, found.ts, found.value) == (symbol, day, found.tree.value)


def test_parts_elsewhere_have_the_values_of_there():
    frame = candles({"A": [1, 2, 3, 5, 4]})

    found = bs.explain_match("(close > 2 * close[1])[2]", frame, "A")

    assert [(part.text, part.where, part.value) for part in found.tree.walk()] == [
        ("(close > 2 * close[1])[2]", "", False),
        ("close > 2 * close[1]", "2 bars ago", False),
        ("close", "2 bars ago", 3.0),
        ("2 * close[1]", "2 bars ago", 4.0),
        ("close[1]", "2 bars ago", 2.0),
    ]


def test_every_bar_that_a_scan_finds_is_a_match(sample):
    formula = FORMULAS[0]
    for match in list(bs.scan(formula, sample)["AAAA"].matches)[:5]:
        assert bs.explain_match(formula, sample, "AAAA", match.ts).matches


def test_without_a_bar_it_is_the_symbols_own_last_one(sample):
    short = sample.filter((pl.col("symbol") != "AAAA") | (pl.col("ts") < sample["ts"].max() - timedelta(days=30)))
    last = short.filter(symbol="AAAA")["ts"].max()

    plain = bs.explain_match("close > sma(close, 20)", short, "AAAA")
    ranked = bs.explain_match("rank(close) > 3", short, "AAAA")

    assert plain.ts == ranked.ts == last
    assert ranked.value == bs.explain_match("rank(close) > 3", short, "AAAA", last).value


def test_undefined_is_told_apart_from_false():
    found = bs.explain_match("close > sma(close, 5)", candles({"A": [1, 2, 3]}), "A")

    assert found.value is None
    assert not found.matches
    assert [part.text for part in found.failing] == ["close > sma(close, 5)"]
    assert str(found).splitlines()[0] == "A 2024-01-03: no match: the formula is undefined there"


def test_what_it_says():
    frame = candles({"A": [1, 2, 3, 5, 4]})

    found = bs.explain_match("param n = 2\nmean = sma(close, n)\nclose > mean[1] and date > '2024-01-01'", frame, "A")

    assert str(found).splitlines() == [
        "A 2024-01-05: no match",
        "with n = 2",
        "open 4  high 4  low 4  close 4  volume 100",
        "",
        "false       close > mean[1] and date > '2024-01-01'",
        "false         close > mean[1]",
        "4               close",
        "4               mean[1]",
        "4                 mean = sma(close, n)  (1 bar ago)",
        "true          date > '2024-01-01'",
        "2024-01-05      date",
    ]
    assert found.parameters == {"n": 2.0}
    assert found.candle["close"] == 4
    assert next(part.unit for part in found.tree.walk() if part.text == "close") == "price"


def test_only_the_bars_that_are_reached_are_read(sample):
    repository = Watched(sample)

    bs.explain_match("close > sma(close, 20)", repository, "AAAA", date(2015, 6, 1))

    assert {each["symbols"] for each in repository.asked} == {("AAAA",)}
    assert {each["before"] for each in repository.asked} == {0, 19}


@pytest.mark.parametrize(
    ("formula", "symbol", "ts", "message"),
    [
        ("close > 1", "A", "2024-01-09", "A has no bar at 2024-01-09; the nearest is 2024-01-05"),
        ("close > 1", "A", "2023-01-09", "A has no bar at 2023-01-09; the nearest is 2024-01-01"),
        ("close > 1", "B", None, "the repository has no symbol 'B'"),
        ("rank(close) > 1", "B", None, "the repository has no symbol 'B'"),
        ("close > 1", "a", None, "the repository has no symbol 'a'; did you mean 'A'?"),
        ("close > 1", "A", "yesterday", "'yesterday' is no date; write it as 2016-12-31"),
    ],
)
def test_bars_that_are_not_there(formula, symbol, ts, message):
    with pytest.raises(bs.ProcessingEngineError, match=message):
        bs.explain_match(formula, candles({"A": [1, 2, 3, 5, 4]}), symbol, ts)


def test_a_gap_names_the_bars_on_both_sides():
    frame = candles({"A": [1, 2, 3, 5, 4]}).filter(pl.col("ts") != date(2024, 1, 3))

    with pytest.raises(bs.ProcessingEngineError, match="the nearest are 2024-01-02 and 2024-01-04"):
        bs.explain_match("close > 1", frame, "A", "2024-01-03")


def test_a_day_of_many_bars_has_to_be_told_apart():
    hours = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 2), "1h", eager=True, time_zone="UTC")
    frame = pl.DataFrame({"symbol": "A", "ts": hours, "close": [float(n) for n in range(25)]})

    with pytest.raises(bs.ProcessingEngineError, match=r"A has 24 bars on 2024-01-01, from .* say which, by its time"):
        bs.explain_match("close > 1", frame, "A", "2024-01-01", timeframe="1h")
    assert bs.explain_match("close > 1", frame, "A", "2024-01-01 05:00", timeframe="1h").candle["close"] == 5


def test_a_sweep_is_not_one_formula():
    with pytest.raises(bs.ProcessingEngineError, match="give each one value here"):
        bs.explain_match("param n = 2; close > sma(close, n)", candles({"A": [1, 2]}), "A", parameters={"n": [2, 3]})


def test_a_question_is_refused_before_candles_are_opened_for_it(tmp_path):
    """What was opened would have to be closed again; here there is nothing."""
    with pytest.raises(bs.ProcessingEngineError, match="give each one value here"):
        bs.explain_match("param n = 2; close > close[n]", tmp_path / "no.duckdb", "A", parameters={"n": [1, 2]})


def test_faults_are_those_of_a_scan():
    with pytest.raises(bs.FormulaError, match="unknown function 'smaa'"):
        bs.explain_match("close > smaa(close)", candles({"A": [1, 2]}), "A")


def test_dialects_tables_and_own_functions():
    frame = candles({"A": [1, 2, 3]})
    eps = pl.DataFrame({"symbol": ["A"], "published": [date(2024, 1, 1)], "eps": [0.5]})

    foreign = bs.explain_match("$close > Mean($close, 2)", frame, "A", dialect="qlib")
    beside = bs.explain_match('close > 10 * table("q", eps)', frame, "A", tables={"q": eps})

    assert [part.value for part in foreign.tree.walk()] == [True, 3.0, 2.5]
    assert [part.value for part in beside.tree.walk()][:4] == [False, 3.0, 5.0, 0.5]


def test_parts_are_columns_of_evaluate_too(sample):
    frame = bs.evaluate("close > sma(close, 3) and volume > 5", sample, outputs="parts")

    names = ["close > sma(close, 3) and volume > 5", "close > sma(close, 3)", "close", "sma(close, 3)", "volume > 5"]
    assert frame.columns == ["symbol", "ts", *names, "volume"]
    with pytest.raises(bs.ProcessingEngineError, match="goes with one formula"):
        bs.evaluate({"a": "close", "b": "open"}, sample, outputs="parts")


@pytest.mark.parametrize("tz", ["UTC", "America/New_York", "Asia/Tokyo"])
@pytest.mark.parametrize("timeframe", ["1m", "5m", "1h", "1d", "1w"])
def test_longer_bars_are_explained_as_they_are_found(timeframe, tz):
    """Made of minutes of four weeks: the last one, some in the middle by their time, and days by their date."""
    minutes = pl.datetime_range(datetime(2024, 1, 1), datetime(2024, 1, 28, 23, 50), "10m", eager=True)
    close = pl.Series("close", [float(number % 37 + number % 11) for number in range(len(minutes))])
    frame = pl.DataFrame({"symbol": "A", "ts": minutes, "close": close})
    repository = bs.FrameRepository(frame, tz=tz, timeframe="1m")
    formula = "close > close[1]"
    values = bs.evaluate({"up": formula, "last": "close"}, repository, timeframe=timeframe)

    last = bs.explain_match(formula, repository, "A", timeframe=timeframe)

    assert (last.ts, last.matches) == (values["ts"][-1], values["up"][-1])
    for row in values.gather_every(max(1, values.height // 7)).iter_rows(named=True):
        found = bs.explain_match(formula, repository, "A", row["ts"], timeframe=timeframe)
        assert (found.ts, found.matches, found.candle["close"]) == (row["ts"], bool(row["up"]), row["last"])
        if timeframe in {"1d", "1w"}:
            local = row["ts"].astimezone(ZoneInfo(tz)).date()
            assert bs.explain_match(formula, repository, "A", local, timeframe=timeframe).ts == row["ts"]
