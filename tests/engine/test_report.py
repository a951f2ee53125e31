"""What a report holds: the matches that were found, the candles around them, the reasons, and what came after."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from fakes import Service, candles

import barsweep as bs
from barsweep.data import import_candles, sample_candles
from barsweep.engine.report.gathering import gather
from barsweep.engine.report.packing import unpacked
from barsweep.engine.report.showing import MOST_MATCHES

FORMULA = "close > sma(close, 20) and volume > 1.2 * sma(volume, 20) and rsi(close, 14) < 70"


@pytest.fixture(scope="module")
def sample():
    return sample_candles(6, 400, defects=False)


@pytest.fixture(scope="module")
def found(sample):
    return bs.scan(FORMULA, sample)


@pytest.fixture(scope="module")
def gathered(found):
    return gather(found, most=MOST_MATCHES)


def restored(series):
    """What the page makes of a drawn series."""
    total, numbers = 0, []
    for step in series["v"]:
        total += step or 0
        numbers.append(None if step is None else total / 10 ** series["d"])
    return numbers


# what the page holds


def test_the_table_is_the_matches(found, gathered):
    table = gathered.page["table"]
    data = unpacked(table["data"])
    days = [date(1970, 1, 1) + timedelta(seconds=seconds) for seconds in np.cumsum(data["ts"]).tolist()]

    assert [table["symbols"][place] for place in data["symbol"]] == found.matches["symbol"].to_list()
    assert days == found.matches["ts"].to_list()
    assert [column["name"] for column in table["columns"]] == found.matches.columns[2:]
    for column, values in zip(table["columns"], data["values"], strict=True):
        assert values == pytest.approx(found.matches[column["name"]].to_list(), rel=1e-6)


def test_charts_are_the_candles_and_indicators_around_the_matches(sample, found, gathered):
    symbol = gathered.page["table"]["symbols"][0]
    chart = unpacked(gathered.charts[symbol])
    days = [date(1970, 1, 1) + timedelta(seconds=seconds) for seconds in np.cumsum(chart["t"]).tolist()]
    own, matches = sample.filter(symbol=symbol).sort("ts"), found[symbol].matches.frame["ts"]

    shown = own.filter(pl.col("ts").is_in(days))
    assert shown["ts"].to_list() == days
    assert days[0] <= matches.min()
    assert days[-1] >= matches.max()
    for name in ("open", "high", "low", "close", "volume"):
        assert restored(chart[name]) == pytest.approx(shown[name].to_list())
    lines = bs.evaluate({"a": "sma(close, 20)", "b": "sma(volume, 20)", "c": "rsi(close, 14)"}, own)
    lines = lines.filter(pl.col("ts").is_in(days))
    for name, line in zip("abc", chart["points"][0]["lines"], strict=True):
        expected = lines[name].to_list()
        assert [each is None for each in restored(line)] == [each is None for each in expected]
        assert [each or 0 for each in restored(line)] == pytest.approx([each or 0 for each in expected], rel=1e-3)


def test_lines_are_drawn_where_they_belong(gathered):
    assert gathered.page["points"][0]["lines"] == [
        {"label": "sma(close, 20)", "pane": "price", "levels": []},
        {"label": "sma(volume, 20)", "pane": "volume", "levels": []},
        {"label": "rsi(close, 14)", "pane": "rsi(close, 14)", "levels": [70.0]},
    ]


def test_differences_of_prices_have_a_pane_of_their_own(sample):
    page = gather(bs.scan("line, signal, hist = macd(close); hist > 0 and line > signal", sample), most=10).page

    assert {line["label"]: line["pane"] for line in page["points"][0]["lines"]} == dict.fromkeys(
        ("line", "signal", "hist"), "difference of prices"
    )


def test_reasons_are_those_of_explain_match(sample, found, gathered):
    def texts(tree):
        return [tree["t"], *(text for child in tree.get("c", []) for text in texts(child))]

    symbols, point = gathered.page["table"]["symbols"], gathered.page["points"][0]
    for symbol in symbols[:2]:
        own = unpacked(gathered.charts[symbol])["points"][0]
        row, values = own["rows"][-1], [column[-1] for column in own["parts"]]
        match = found.matches.row(row, named=True)
        explained = bs.explain_match(FORMULA, sample, symbol, match["ts"])
        assert match["symbol"] == symbol
        assert texts(point["tree"]) == [each.text for each in explained.tree.walk()]
        assert values == pytest.approx([float(each.value) for each in explained.tree.walk()], rel=1e-6)


def test_errors_and_warnings_are_told():
    frame = candles({"A": [1, 2, 3, 4], "B": [1, -2, 3, 4], "C": [1, 2]})
    doubled = pl.concat([frame, frame.filter(symbol="C")])

    trouble = gather(bs.scan("close > volume", doubled, symbols=["A", "B", "C", "D"]), most=10).page["trouble"]

    assert {each["symbol"]: each["kind"] for each in trouble["errors"]} == {"C": "candles", "D": "unknown symbol"}
    assert {"symbol": "B", "kind": "non_positive", "count": 1} in trouble["defects"]
    assert "a price" in trouble["warnings"][0]


# kinds of results


def pages_of(result):
    return gather(result, most=MOST_MATCHES).page


def test_many_formulas_and_sweeps(sample):
    several = pages_of(bs.scan({"up": "close > sma(close, 5)", "dip": "rsi(close, 5) < 30"}, sample))
    swept = pages_of(bs.scan("param n = 5; close > sma(close, n)", sample, parameters={"n": [5, 10, 20]}))
    many = pages_of(bs.scan("param n = 5; close > sma(close, n)", sample, parameters={"n": range(2, 22)}))

    assert {point["name"] for point in several["points"]} == {"up", "dip"}
    assert len(several["returns"]) == 2
    assert sorted(point["settings"]["n"] for point in swept["points"]) == [5, 10, 20]
    assert len(many["points"]) == 8
    assert many["notes"] == [
        "Of 20 formulas or settings the 8 with most matches are laid open and drawn; the table has the matches of all."
    ]


def test_of_many_points_those_with_most_matches_are_laid_open(sample):
    """However many there are: nobody waits for ten thousand formulas to be taken apart."""
    factors = [factor / 100 for factor in range(95, 125)]
    found = bs.scan("param n = 1; close > n * sma(close, 5)", sample, parameters={"n": factors})

    points = pages_of(found)["points"]

    counts = found.matches["n"].value_counts(sort=True)
    assert [point["settings"]["n"] for point in points] == sorted(counts["n"].head(8))


def test_rankings_are_among_the_jobs_symbols(sample):
    symbols = sample["symbol"].unique().sort().to_list()[:4]
    result = bs.scan("m = roc(close, 5); rank(m) == 4", sample, symbols=symbols, start="2015-06-01")

    gathered = gather(result, most=1000)

    for symbol, chart in gathered.charts.items():
        own = unpacked(chart)["points"][0]
        rows = result.matches[own["rows"]]
        assert rows["symbol"].unique().to_list() == [symbol]
        assert set(own["parts"][0]) == {1}


@pytest.mark.parametrize(
    "options", [{"latest": True}, {"latest": True, "stale": 30}, {"dialect": "qlib"}, {"timeframe": "1w"}]
)
def test_other_kinds_of_scans(sample, options):
    formula = "$close > Mean($close, 5)" if "dialect" in options else "close > sma(close, 5)"
    result = bs.scan(formula, sample, **options)

    gathered = gather(result, most=10_000)

    assert gathered.page["table"]["rows"] == result.counts["matches"] > 0
    assert gathered.charts.keys() == set(result.matches["symbol"])


def test_bars_with_times():
    moments = pl.datetime_range(pl.datetime(2024, 1, 1), pl.datetime(2024, 1, 9), "1h", eager=True, time_zone="UTC")
    frame = pl.DataFrame({"symbol": "A", "ts": moments, "close": [float(place % 7) for place in range(len(moments))]})
    result = bs.scan("close > close[1]", frame, timeframe="1h")

    gathered = gather(result, most=1000)

    chart = unpacked(gathered.charts["A"])
    assert gathered.page["intraday"]
    assert np.diff(np.cumsum(chart["t"])).tolist() == [3600] * (len(chart["t"]) - 1)
    assert chart.keys() >= {"close"}
    assert "open" not in chart


def test_results_in_files_and_of_files(sample, tmp_path):
    """Candles are read anew, and the file is let go again."""
    sample.write_parquet(tmp_path / "candles.parquet")
    import_candles(tmp_path / "candles.parquet", tmp_path / "candles.duckdb")
    stored = bs.scan(FORMULA, tmp_path / "candles.duckdb", output=tmp_path / "found.parquet")

    page = gather(stored, most=MOST_MATCHES).page

    assert page["table"]["rows"] == stored.counts["matches"]
    assert stored.origin.repository.connection is None


def test_a_service_of_the_users_has_candles_but_no_reasons(sample):
    gathered = gather(bs.scan("anything", sample, service=Service()), most=10)

    assert gathered.page["points"] == []
    assert gathered.charts
    assert gathered.page["returns"][0]["paths"]["count"][1] > 0


def test_nothing_found_and_nothing_asked(sample, tmp_path):
    with bs.ProcessingEngine(sample) as engine:
        counted = engine.run(bs.ProcessingJob())

    assert counted.report(tmp_path / "counted.html").exists()
    assert bs.scan("close > 1e9", sample).report(tmp_path / "nothing.html").exists()


# limits


def test_of_too_many_matches_the_newest_are_shown(found):
    page = gather(found, most=7).page

    data = unpacked(page["table"]["data"])
    newest = found.matches["ts"].sort(descending=True).head(7).sort()
    days = [date(1970, 1, 1) + timedelta(seconds=seconds) for seconds in np.cumsum(data["ts"]).tolist()]
    assert sorted(days) == newest.to_list()
    assert page["notes"][0] == f"Of {found.matches.height} matches the newest 7 are shown."


def test_charts_keep_within_their_budget(sample):
    result = bs.scan("close > open", sample)

    roomy, tight, none = (gather(result, most=10_000, budget=budget) for budget in (10**7, 15_000, 0))

    assert len(roomy.charts) == 6
    assert 0 < len(tight.charts) < 6
    assert sum(map(len, tight.charts.values())) < 15_000 + max(map(len, roomy.charts.values()))
    assert none.charts == {}
    assert "without a chart" in tight.page["notes"][0]
    bars = {len(unpacked(chart)["t"]) for chart in tight.charts.values()}
    assert max(bars) <= 250


@pytest.mark.parametrize("options", [{"matches": -1}, {"matches": 1.5}, {"budget": None}])
def test_limits_are_whole_numbers(found, tmp_path, options):
    with pytest.raises(bs.ProcessingEngineError, match="a whole number from 0 is needed"):
        found.report(tmp_path / "out.html", **options)


def test_a_page_is_small(found, tmp_path):
    """The charting library takes 200 kB of it, 24 bytes or so a bar with three lines."""
    size = found.report(tmp_path / "out.html").stat().st_size

    assert size < 240_000 + 6 * 400 * 30
