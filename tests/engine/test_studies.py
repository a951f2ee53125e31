"""Matches counted, ranked and clustered: beside plain Python over the table of matches."""

from collections import Counter
from datetime import date, timedelta
from statistics import mean, variance

import polars as pl
import pytest
from fakes import Watched, candles
from sweeping import random_candles

import barsweep as bs

RANDOM = random_candles(7, lengths=(150, 60, 200, 1, 90))
FORMULA = "strength = rsi(close, 5)\nclose > sma(close, 5)"
SWEPT = {"up": "param n = 2; close > sma(close, n)", "never": "close > 1e9"}


@pytest.fixture(scope="module")
def result():
    return bs.scan(FORMULA, RANDOM, timeframe="1h")


@pytest.fixture(scope="module")
def swept():
    return bs.scan(SWEPT, RANDOM, timeframe="1h", parameters={"n": [8, 3]})


def test_matches_of_each_date(result, swept):
    found = result.by_date()

    assert dict(found.iter_rows()) == Counter(result.matches["ts"].to_list())
    assert found["ts"].is_sorted()
    assert swept.by_date().columns == ["ts", "formula", "n", "matches"]
    counted = Counter(swept.matches.select("ts", "formula", "n").rows())
    assert {row[:3]: row[3] for row in swept.by_date().iter_rows()} == counted


def test_matches_of_each_symbol():
    frame = candles({"A": [1, 2, 1, 3, 4], "B": [5, 4, 3, 2, 1], "C": [2, 3]})
    found = bs.scan("close > close[1]", frame, symbols=["C", "Z", "A", "B", "C"]).by_symbol()

    assert found.rows() == [
        ("C", 1, 2, 0.5, date(2024, 1, 5), date(2024, 1, 5)),
        ("A", 3, 5, 0.6, date(2024, 1, 2), date(2024, 1, 5)),
        ("B", 0, 5, 0.0, None, None),
    ]
    assert found.columns == ["symbol", "matches", "bars", "share", "first", "last"]


def test_symbols_have_a_row_for_each_formula_and_point(swept):
    """In the order in which they were asked for, also where nothing matched."""
    found = swept.by_symbol()

    assert found.height == 5 * 3
    assert found.select("formula", "n").head(3).rows() == [("up", 8), ("up", 3), ("never", None)]
    assert found["matches"].sum() == swept.counts["matches"]


def test_ranks_by_an_indicator(result):
    """Of each date the largest first; undefined values have no rank, and come last."""
    ranked = result.rank("strength")

    for (_,), rows in ranked.group_by(["ts"], maintain_order=True):
        values = rows["strength"].to_list()
        defined = [value for value in values if value is not None]
        assert defined == sorted(defined, reverse=True)
        assert values[len(defined) :] == [None] * (len(values) - len(defined))
        assert rows["rank"].to_list() == [*range(1, len(defined) + 1), *[None] * (len(values) - len(defined))]
    assert ranked.height == result.matches.height
    assert ranked.sort("symbol", "ts").drop("rank").equals(result.matches)


def test_ranks_by_a_formula_that_is_evaluated_then(result):
    ranked = result.rank("volume / sma(volume, 3)", top=2, per="symbol", descending=False)

    values = bs.evaluate("volume / sma(volume, 3)", RANDOM, timeframe="1h")
    joined = result.matches.join(values, on=["symbol", "ts"]).drop_nulls("value")
    for symbol in joined["symbol"].unique():
        wanted = joined.filter(pl.col("symbol") == symbol).sort("value", "ts").head(2)
        found = ranked.filter(pl.col("symbol") == symbol)
        assert found["ts"].to_list() == wanted["ts"].to_list()
        assert found["volume / sma(volume, 3)"].to_list() == wanted["value"].to_list()
        assert found["rank"].to_list() == list(range(1, found.height + 1))


def test_ranks_of_formulas_and_points_stay_apart(swept):
    source = "param m = 3; roc(close, m)"
    best = swept.rank(bs.Formula(source, "rise"), top=1, parameters={"m": 2})

    assert best.select("ts", "formula", "n").is_unique().all()
    assert best["rank"].unique().to_list() == [1]
    values = bs.evaluate({"rise": "roc(close, 2)"}, RANDOM, timeframe="1h")
    assert best.select("symbol", "ts", "rise").join(values, on=["symbol", "ts", "rise"], how="anti").is_empty()


def test_a_swept_param_has_the_value_of_each_match(swept):
    """Where the ranking formula declares it too; matches of formulas without it take its default."""
    ranked = swept.rank(bs.Formula("param n = 4; roc(close, n)", "rise"), per=None)

    for n in (8, 3):
        values = bs.evaluate({"wanted": f"roc(close, {n})"}, RANDOM, timeframe="1h")
        part = ranked.filter(pl.col("n") == n).join(values, on=["symbol", "ts"])
        assert part.height > 50
        assert part["rise"].equals(part["wanted"])
    given = swept.rank(bs.Formula("param n = 4; roc(close, n)", "rise"), per=None, parameters={"n": 2})
    assert given.filter(pl.col("n") == 8).sort("symbol", "ts")["rise"].drop_nulls().len() > 50


def test_equal_values_are_ranked_by_symbol_or_date():
    frame = candles({"B": [1, 1], "A": [1, 1], "C": [2, 1]})
    found = bs.scan("close > 0", frame)

    assert found.rank("close")["symbol"].to_list() == ["C", "A", "B", "A", "B", "C"]
    assert found.rank("close", top=1, per="symbol")["ts"].to_list() == [date(2024, 1, 1)] * 3
    assert found.rank("close", top=2, per=None).select("symbol", "ts").rows() == [
        ("C", date(2024, 1, 1)),
        ("A", date(2024, 1, 1)),
    ]


def test_a_rank_across_symbols_is_among_all_of_the_job():
    frame = candles({"A": [1, 1], "B": [1, 3], "C": [1, 2]})

    found = bs.scan("close < 3 and close[1] > 0", frame).rank("rank(close)")

    assert found.select("symbol", "rank(close)", "rank").rows() == [("C", 2.0, 1), ("A", 1.0, 2)]


def test_a_column_called_rank_is_left_alone():
    found = bs.scan("rank = close\nclose > 0", candles({"A": [1, 2]})).rank("rank", per=None)

    assert found.columns == ["symbol", "ts", "rank", "rank_"]
    assert found["rank_"].to_list() == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"by": "strength", "per": "week"}, "per is 'week'"),
        ({"by": "strength", "top": 0}, "top is 0; a whole number from 1"),
        ({"by": "strength", "top": True}, "top is True"),
        ({"by": "ts"}, "matches are not ranked by 'ts'"),
        ({"by": "close > 1"}, "'close > 1' is Boolean, and only numbers are ranked"),
        ({"by": bs.Formula("close", "strength")}, "matches have a column 'strength' already"),
    ],
)
def test_rankings_that_make_no_sense_are_refused(result, arguments, message):
    with pytest.raises(bs.ProcessingEngineError, match=message):
        result.rank(**arguments)


def test_a_faulty_formula_is_told_where_one_ranks(result):
    with pytest.raises(bs.FormulaError, match="unknown function 'smaa'"):
        result.rank("smaa(close)")


def test_nothing_matched_is_nothing_ranked_nor_clustered():
    never = bs.scan("close > 1e9", RANDOM, timeframe="1h")

    assert never.by_date().is_empty()
    assert never.rank("close").columns == ["symbol", "ts", "close", "rank"]
    assert never.episodes().is_empty()
    assert never.clustering().row(0, named=True) == {
        "matches": 0,
        "dates": 0,
        "calendar": RANDOM["ts"].n_unique(),
        "busiest": None,
        "most": 0,
        "effective_dates": None,
        "dispersion": None,
        "episodes": 0,
        "per_episode": None,
    }


def runs_by_hand(frame, matches, gap):
    """[symbol, first, last, bars, matches] of each run, from each symbol's own bars."""
    made = []
    for symbol in sorted(set(matches["symbol"])):
        bars = frame.filter(pl.col("symbol") == symbol)["ts"].to_list()
        places = [bars.index(ts) for ts in matches.filter(pl.col("symbol") == symbol)["ts"]]
        runs = []
        for place in places:
            if runs and place - runs[-1][-1] <= gap:
                runs[-1].append(place)
            else:
                runs.append([place])
        made += [(symbol, bars[run[0]], bars[run[-1]], run[-1] - run[0] + 1, len(run)) for run in runs]
    return made


@pytest.mark.parametrize("gap", [1, 2, 6])
def test_episodes_are_runs_of_a_symbols_own_bars(result, gap):
    found = result.episodes(gap)

    assert found.columns == ["symbol", "first", "last", "bars", "matches"]
    assert found.rows() == runs_by_hand(RANDOM, result.matches, gap)


def test_clustering_counts_dates_and_runs(result):
    counts = Counter(result.matches["ts"].to_list())
    calendar = RANDOM["ts"].unique().to_list()
    every = [counts.get(ts, 0) for ts in calendar]

    row = result.clustering(2).row(0, named=True)

    runs = runs_by_hand(RANDOM, result.matches, 2)
    assert row["matches"] == sum(every)
    assert (row["dates"], row["calendar"]) == (len(counts), len(calendar))
    assert row["most"] == max(every) == counts[row["busiest"]]
    assert row["busiest"] == min(ts for ts in counts if counts[ts] == max(every))
    assert row["effective_dates"] == pytest.approx(sum(every) ** 2 / sum(each**2 for each in every))
    assert row["dispersion"] == pytest.approx(variance(every) / mean(every))
    assert row["episodes"] == len(runs)
    assert row["per_episode"] == pytest.approx(sum(every) / len(runs))


def test_clustering_tells_formulas_and_points_apart(swept):
    found = swept.clustering()

    assert found.select("formula", "n").rows() == [("up", 8), ("up", 3), ("never", None)]
    alone = bs.scan(SWEPT["up"], RANDOM, timeframe="1h", parameters={"n": 3}).clustering()
    assert found.filter(pl.col("n") == 3).drop("formula", "n").equals(alone)


def test_signals_by_chance_are_hardly_clustered():
    """And those of one day for all are: dispersion tells them apart."""
    days, closes = 200, {}
    for symbol in range(30):
        closes[f"S{symbol:02}"] = [float((day * 7919 + symbol * 104729) % 1009) for day in range(days)]
    frame = candles(closes)
    together = frame.with_columns(pl.col("ts").dt.ordinal_day().cast(pl.Float64).alias("close"))

    spread = bs.scan("close < 100", frame).clustering()["dispersion"][0]
    bunched = bs.scan("mod(close, 10) == 0", together).clustering()["dispersion"][0]

    assert spread < 2
    assert bunched > 20


@pytest.mark.parametrize("gap", [0, 1.5, True])
def test_a_gap_is_a_number_of_bars(result, gap):
    for ask in (result.episodes, result.clustering):
        with pytest.raises(bs.ProcessingEngineError, match="a whole number of bars from 1 is needed"):
            ask(gap)


def test_counts_need_no_candles():
    repository = Watched(RANDOM, timeframe="1h")
    found = bs.scan(FORMULA, repository, timeframe="1h")

    _ = found.by_date(), found.by_symbol(), found.rank("strength")

    assert len(repository.asked) == 1


def test_ranges_ends_and_files(tmp_path):
    """Bars are numbered, and the calendar counted, inside the range."""
    frame = candles({"A": [1, 2, 3, 4, 5, 6], "B": [1, 2, 1, 2, 1, 2]})
    begin = date(2024, 1, 1)
    options = {"start": begin + timedelta(2), "end": begin + timedelta(4)}

    held = bs.scan("close > close[1]", frame, **options)
    written = bs.scan("close > close[1]", frame, output=tmp_path / "found.parquet", **options)

    for found in (held, written):
        assert found.clustering()["calendar"].to_list() == [3]
        assert found.episodes().rows() == [
            ("A", begin + timedelta(2), begin + timedelta(4), 3, 3),
            ("B", begin + timedelta(3), begin + timedelta(3), 1, 1),
        ]
        assert found.rank("close", top=1)["symbol"].to_list() == ["A", "A", "A"]
