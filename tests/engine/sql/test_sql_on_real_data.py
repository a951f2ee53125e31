"""Queries over five years of the S&P 500, each beside the same thing written by hand in Polars, formulas included."""

import datetime as dt

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import barsweep as bs

SECTORS = ["Energy", "Financials", "Health", "Tech", "Utilities"]
KEYS = ["symbol", "ts"]


@pytest.fixture(scope="module")
def bars(shared_data):
    """The candles as formulas see them: a high below its low makes both undefined."""
    raw = pl.read_parquet(shared_data / "ohlcv" / "us_sp500_daily_2012_2017.parquet").rename({"date": "ts"})
    swapped = pl.col("high") < pl.col("low")
    clean = [pl.when(~swapped.fill_null(value=False)).then(pl.col(name)).alias(name) for name in ("high", "low")]
    return raw.sort("symbol", "ts").with_columns(*clean, pl.col("volume").cast(pl.Float64))


@pytest.fixture(scope="module")
def meta(bars):
    symbols = bars["symbol"].unique().sort()
    listed = [None if place % 7 == 0 else SECTORS[place % 5] for place in range(len(symbols))]
    return pl.DataFrame({"symbol": symbols, "sector": listed, "weight": [place % 11 for place in range(len(symbols))]})


@pytest.fixture(scope="module")
def watched():
    return pl.DataFrame({"ticker": ["AAPL", "MSFT", "XOM", "GE", "NOSUCH"], "since": [dt.date(2016, 1, 4)] * 5})


@pytest.fixture(scope="module")
def connection(shared_data, meta, watched):
    file = shared_data / "ohlcv" / "us_sp500_daily_2012_2017.parquet"
    with bs.connect(file, tables={"meta": meta, "watched": watched}) as opened:
        yield opened


def same(found, expected, *by):
    """Equal rows; their order too, unless they are to be sorted by columns first."""
    found, expected = (frame.sort(by) if by else frame for frame in (found.pl(), expected))
    assert found.height > 0
    assert_frame_equal(found, expected, check_dtypes=False, rel_tol=1e-9)


def over(expression):
    return expression.over("symbol")


def sma(name, n):
    return over(pl.col(name).rolling_mean(n))


def wilder(values, n):
    """Wilder's average: the mean of the first n, then each value weighs 1/n. The first bar has no change."""
    place = pl.int_range(pl.len())
    seeded = pl.when(place == n).then(values.rolling_mean(n)).when(place > n).then(values)
    return seeded.ewm_mean(alpha=1 / n, adjust=False)


def rsi(n):
    change = pl.col("close").diff()
    gain, loss = wilder(change.clip(lower_bound=0), n), wilder((-change).clip(lower_bound=0), n)
    return over(100 * gain / (gain + loss))


def test_matches_of_a_year_by_sector(connection, bars, meta):
    """The example of the task."""
    found = connection.sql(
        "SELECT s.sector, count(*) FROM scan('rsi(close, 14) < 30') m JOIN meta s USING (symbol) "
        "WHERE m.ts >= DATE '2017-01-01' GROUP BY ALL ORDER BY 2 DESC"
    )

    low = bars.filter(rsi(14) < 30).filter(pl.col("ts") >= dt.date(2017, 1, 1)).join(meta, on="symbol")
    counted = low.group_by("sector").agg(pl.len().alias("count_star()"))
    same(found, counted.sort("count_star()", descending=True))


def test_indicators_are_columns(connection, bars):
    found = connection.sql(
        'SELECT symbol, ts, "sma(close, 20)" AS mean, mean / close - 1 AS below '
        "FROM scan('close < 0.9 * sma(close, 20)') JOIN candles USING (symbol, ts) ORDER BY symbol, ts"
    )

    mean = bars.with_columns(mean=sma("close", 20)).filter(pl.col("close") < 0.9 * pl.col("mean"))
    same(found, mean.select(*KEYS, "mean", below=pl.col("mean") / pl.col("close") - 1))


def test_the_strongest_bar_of_each_symbol(connection, bars):
    found = connection.sql(
        "SELECT symbol, ts, stretch FROM bars(stretch := 'close / sma(close, 50) - 1') WHERE ts >= '2016-01-01' "
        "QUALIFY row_number() OVER (PARTITION BY symbol ORDER BY stretch DESC NULLS LAST, ts) = 1"
    )

    stretch = bars.with_columns(stretch=pl.col("close") / sma("close", 50) - 1)
    late = stretch.filter(pl.col("ts") >= dt.date(2016, 1, 1)).sort(
        "symbol", "stretch", "ts", descending=[False, True, False], nulls_last=True
    )
    same(found, late.group_by("symbol", maintain_order=True).first().select(*KEYS, "stretch"), "symbol")


def test_two_scans_on_the_same_bar(connection, bars):
    found = connection.sql(
        "WITH up AS (FROM scan('close > highest(close, 100)[1]')), "
        "loud AS (SELECT symbol, ts FROM scan('volume > 3 * sma(volume, 20)') WHERE year(ts) IN (2014, 2015)) "
        "SELECT symbol, count(*) AS times FROM up JOIN loud USING (symbol, ts) "
        "GROUP BY symbol ORDER BY times DESC, symbol"
    )

    highest = over(pl.col("close").rolling_max(100).shift(1))
    both = bars.filter((pl.col("close") > highest) & (pl.col("volume") > 3 * sma("volume", 20)))
    counted = both.filter(pl.col("ts").dt.year().is_in([2014, 2015])).group_by("symbol").agg(times=pl.len())
    same(found, counted.sort("times", "symbol", descending=[True, False]))


def test_symbols_that_never_matched(connection, bars, meta):
    found = connection.sql(
        "SELECT symbol FROM meta WHERE sector = 'Tech' AND NOT EXISTS "
        "(FROM scan('close < 0.85 * highest(close, 250)') m WHERE m.symbol = meta.symbol AND m.ts >= '2016-06-01') "
        "ORDER BY symbol"
    )

    low = bars.filter(pl.col("close") < 0.85 * over(pl.col("close").rolling_max(250)))
    hit = low.filter(pl.col("ts") >= dt.date(2016, 6, 1)).select("symbol").unique()
    same(
        found,
        meta.filter(pl.col("sector") == "Tech").join(hit, on="symbol", how="anti").select("symbol").sort("symbol"),
    )


def test_a_watch_list_keeps_symbols_without_a_match(connection, bars, watched):
    found = connection.sql(
        "SELECT ticker, count(m.ts) AS hits, max(m.ts) AS latest FROM watched w "
        "LEFT JOIN scan('close > close[1] and close[1] > close[2] and close[2] > close[3]') m "
        "ON m.symbol = w.ticker AND m.ts >= w.since GROUP BY ticker ORDER BY ticker"
    )

    rises = [over(pl.col("close").shift(bar)) > over(pl.col("close").shift(bar + 1)) for bar in range(3)]
    hits = (
        bars.filter(*rises).join(watched, left_on="symbol", right_on="ticker").filter(pl.col("ts") >= pl.col("since"))
    )
    counted = hits.group_by(ticker="symbol").agg(hits=pl.len(), latest=pl.col("ts").max())
    joined = watched.select("ticker").join(counted, on="ticker", how="left").sort("ticker")
    same(found, joined.with_columns(pl.col("hits").fill_null(0)))


def test_scans_one_below_the_other(connection, bars):
    found = connection.sql(
        "SELECT year(ts) AS year, kind, count(*) AS n, count(DISTINCT symbol) AS symbols FROM "
        "(SELECT *, 'gap up' AS kind FROM scan('open > 1.03 * close[1]') "
        "UNION ALL BY NAME SELECT *, 'gap down' AS kind FROM scan('open < 0.97 * close[1]')) GROUP BY ALL ORDER BY ALL"
    )

    before = over(pl.col("close").shift(1))
    kinds = {"gap up": pl.col("open") > 1.03 * before, "gap down": pl.col("open") < 0.97 * before}
    gaps = pl.concat(bars.filter(gap).with_columns(kind=pl.lit(kind)) for kind, gap in kinds.items())
    counted = gaps.group_by(pl.col("ts").dt.year().alias("year"), "kind").agg(
        n=pl.len(), symbols=pl.col("symbol").n_unique()
    )
    same(found, counted.sort("year", "kind"))


def test_what_came_after_a_match(connection, bars):
    found = connection.sql(
        "WITH later AS (SELECT symbol, ts, lead(close, 5) OVER (PARTITION BY symbol ORDER BY ts) / close - 1 AS gain "
        "FROM candles) SELECT count(gain) AS n, avg(gain) AS mean, median(gain) AS middle "
        "FROM scan('rsi(close, 2) < 5 and close > sma(close, 200)') JOIN later USING (symbol, ts)"
    )

    gain = over(pl.col("close").shift(-5)) / pl.col("close") - 1
    dips = bars.with_columns(gain=gain).filter((rsi(2) < 5) & (pl.col("close") > sma("close", 200)))
    gains = dips["gain"].drop_nulls()
    same(found, pl.DataFrame({"n": [len(gains)], "mean": [gains.mean()], "middle": [gains.median()]}))


def test_ranks_are_among_all_symbols(connection, bars):
    """Although the query asks for a few: a rank among three is another one than among five hundred."""
    found = connection.sql(
        "SELECT symbol, ts, place FROM bars('place: rank(roc(close, 20))') "
        "WHERE symbol IN ('AAPL', 'MSFT', 'XOM') AND ts BETWEEN '2015-03-01' AND '2015-03-31' ORDER BY ALL"
    )

    rate = over(pl.col("close") / pl.col("close").shift(20) - 1)
    ranked = bars.with_columns(rate=rate).with_columns(place=pl.col("rate").rank().over("ts"))
    few = ranked.filter(
        pl.col("symbol").is_in(["AAPL", "MSFT", "XOM"]),
        pl.col("ts").is_between(dt.date(2015, 3, 1), dt.date(2015, 3, 31)),
    )
    same(found, few.select(*KEYS, "place"))


def test_the_latest_bar(connection, bars, meta):
    found = connection.sql(
        "SELECT sector, list(symbol ORDER BY symbol) AS symbols "
        "FROM scan('close > 1.05 * sma(close, 20)', latest := true) JOIN meta USING (symbol) "
        "GROUP BY sector ORDER BY sector"
    )

    high = bars.filter(pl.col("close") > 1.05 * sma("close", 20)).filter(pl.col("ts") == bars["ts"].max())
    listed = high.join(meta, on="symbol").group_by("sector").agg(symbols=pl.col("symbol").sort())
    same(found, listed.sort("sector", nulls_last=True))


def test_values_and_formulas_from_outside(connection, bars):
    """Values never become text of the query, formulas neither."""
    formula = "param n = 10; close > 1.1 * sma(close, n)"
    found = connection.sql(
        "SELECT symbol, count(*) AS n FROM scan($formula, n := $length) WHERE ts < $until AND symbol > $above "
        "GROUP BY symbol HAVING count(*) >= $least ORDER BY symbol",
        {"formula": formula, "length": 40, "until": dt.date(2015, 1, 1), "above": "M", "least": 5},
    )

    far = bars.filter(pl.col("close") > 1.1 * sma("close", 40)).filter(pl.col("ts") < dt.date(2015, 1, 1))
    counted = far.filter(pl.col("symbol") > "M").group_by("symbol").agg(n=pl.len())
    same(found, counted.filter(pl.col("n") >= 5).sort("symbol"))


def test_sums_by_condition_and_quarter(connection, bars, meta):
    found = connection.sql(
        "SELECT date_trunc('quarter', ts) AS quarter, sum(weight) FILTER (WHERE close > open) AS up, "
        "sum(weight) FILTER (WHERE close < open) AS down FROM bars('wide: high - low > 2 * sma(high - low, 10)') "
        "JOIN meta USING (symbol) WHERE wide AND sector IS NOT NULL GROUP BY quarter HAVING up > down ORDER BY quarter"
    )

    span = pl.col("high") - pl.col("low")
    wide = bars.filter(span > 2 * over(span.rolling_mean(10))).join(meta.drop_nulls("sector"), on="symbol")
    sides = {"up": pl.col("close") > pl.col("open"), "down": pl.col("close") < pl.col("open")}
    sums = {name: pl.col("weight").filter(side).sum() for name, side in sides.items()}
    quarters = wide.group_by(quarter=pl.col("ts").dt.truncate("1q")).agg(**sums)
    same(found, quarters.filter(pl.col("up") > pl.col("down")).sort("quarter"))
