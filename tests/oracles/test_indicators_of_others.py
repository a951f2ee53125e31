"""Indicators against numbers that other libraries and their spreadsheets give on real candles."""

import json
import statistics

import polars as pl
import pytest
from sweeping import series

import barsweep as bs

PRICES = ("open", "high", "low", "close", "volume")


def candles_of(columns):
    """Lists of prices for `series`: what a file lacks is its close."""
    held = {name.lower(): values for name, values in columns.items()}
    return {"closes": held["close"], **{name: held[name] for name in PRICES if name in held and name != "close"}}


def differences(formula, candles, expected, begin):
    """From a bar on: how far each value is from the expected one, against the size of the two."""
    found = series(formula, **candles)
    pairs = [(mine, other) for mine, other in zip(found[begin:], expected[begin:], strict=True) if other is not None]
    assert len(pairs) > 20
    typical = statistics.median(abs(other) for _, other in pairs)
    return [
        abs(float(mine) - other) / max(abs(other), typical) if mine is not None else float("inf")
        for mine, other in pairs
    ]


STOCK_INDICATORS = {
    "mcginley_from(close, close[1], 8.4)": ("dynamic", "dynamic", 1, 1e-9),
    "heikin_ashi().open": ("heikinashi", "open", 0, 1e-9),
    "heikin_ashi().high": ("heikinashi", "high", 0, 1e-9),
    "heikin_ashi().low": ("heikinashi", "low", 0, 1e-9),
    "heikin_ashi().close": ("heikinashi", "close", 0, 1e-9),
    "klinger().line": ("kvo", "oscillator", 400, 1e-4),
    "klinger().signal": ("kvo", "signal", 400, 1e-4),
    "pmo().line": ("pmo", "pmo", 400, 1e-6),
    "pmo().signal": ("pmo", "signal", 400, 1e-6),
    "starc().upper": ("starc", "upperBand", 0, 1e-9),
    "starc().middle": ("starc", "centerline", 0, 1e-9),
    "starc().lower": ("starc", "lowerBand", 0, 1e-9),
    "keltner_atr(close, 20, 2, 10).upper": ("keltner", "upperBand", 0, 1e-9),
    "keltner_atr(close, 20, 2, 10).middle": ("keltner", "centerline", 0, 1e-9),
    "keltner_atr(close, 20, 2, 10).lower": ("keltner", "lowerBand", 0, 1e-9),
    "volatility_stop(7, 3).line": ("vol-stop", "sar", 100, 1e-9),
    "rolling_pivots(20).pp": ("rolling-pivots", "pp", 0, 1e-9),
    **{
        f"rolling_pivots(20).{name}": ("rolling-pivots", name, 0, 1e-9) for name in ("r1", "r2", "r3", "s1", "s2", "s3")
    },
    "fractal(2).up": ("fractal", "fractalBear", 0, 1e-9),
    "fractal(2).down": ("fractal", "fractalBull", 0, 1e-9),
}


@pytest.mark.parametrize("formula", STOCK_INDICATORS)
def test_stock_indicators(formula, shared_data):
    """Its baselines on 502 days; averages with another seed from where they have settled."""
    case, field, begin, tolerance = STOCK_INDICATORS[formula]
    folder = shared_data / "reference"
    quotes = pl.read_parquet(folder / "stockindicators_quotes.parquet").filter(pl.col("set") == "default").sort("row")
    told = pl.read_parquet(folder / "stockindicators_library_baselines.parquet").filter(
        (pl.col("case") == f"{case}.standard") & (pl.col("field") == field)
    )
    expected = told.sort("row")["value"].to_list()
    if case == "fractal":  # drawn at the bar itself, which nobody knows before two bars later
        expected = [None, None, *expected[:-2]]

    found = differences(formula, candles_of({name: quotes[name].to_list() for name in PRICES}), expected, begin)

    assert max(found) < tolerance


LEAN = {
    "mcginley(close, 14)": ("spy_with_McGinleyDynamic.csv", "McGinleyDynamic14", 0, 1e-9),
    "fisher(10, 0.999).line": ("spy_with_fisher.txt", "Fisher Transform 10", 0, 1e-6),
    "stc(close, 10, 23, 50)": ("spy_stc.txt", "STC", 250, 1e-4),
    "demarker(14)": ("eurusd60_dem.txt", "DeM", 20, 1e-9),
    "ibs()": ("spy_with_ibs.csv", "IBS", 0, 1e-9),
    "price_spike(close, 20)": ("spy_aps.txt", "APS", 22, 1e-6),
    "premier_stoch(8, 5)": ("spy_pso.csv", "pso", 60, 1e-9),
    "rogers_satchell(9)": ("spy_with_rsv.csv", "RSV9", 0, 1e-9),
    "sortino(close, 15)": ("spy_sortino.csv", "sortino_rf_0_period_15", 0, 1e-6),
    "sortino(close, 15, 0.01)": ("spy_sortino.csv", "sortino_rf_0.01_period_15", 0, 1e-6),
    "downside_deviation(close, 3)": ("spy_tdd.csv", "tdd", 0, 1e-6),
    "wave_trend(10, 21, 4).line": ("spy_wto.csv", "WT1", 400, 1e-5),
    "wave_trend(10, 21, 4).signal": ("spy_wto.csv", "WT2", 400, 1e-5),
    "asi(8)": ("spy_asi.csv", "ASI", 2, 1e-6),
    "rvgi(10).line": ("spy_rvi.txt", "RVI", 20, 1e-6),
}


@pytest.mark.parametrize("formula", LEAN)
def test_lean(formula, shared_data):
    """The files that Lean holds its indicators against, many of them from charting services."""
    file, field, begin, tolerance = LEAN[formula]
    whole = pl.read_parquet(shared_data / "reference" / "lean_indicator_data.parquet").filter(pl.col("file") == file)
    wide = whole.pivot(on="column", index="row", values="value").sort("row")

    found = differences(formula, candles_of(wide.to_dict(as_series=False)), wide[field].to_list(), begin)

    assert max(found) < tolerance


def test_connors_rsi_of_lean(shared_data):
    """Equal but after bars without a change, whose streak Lean counts otherwise, until that has faded."""
    whole = pl.read_parquet(shared_data / "reference" / "lean_indicator_data.parquet")
    wide = whole.filter(pl.col("file") == "spy_crsi.csv").pivot(on="column", index="row", values="value").sort("row")

    found = differences("connors_rsi()", candles_of(wide.to_dict(as_series=False)), wide["crsi"].to_list(), 150)

    assert sum(difference < 1e-6 for difference in found) > 0.75 * len(found)


def test_connors_rsi_of_stock_indicators(shared_data):
    """Its percent rank leaves out changes equal to the last one: a third of a point for each of a hundred."""
    folder = shared_data / "reference"
    quotes = pl.read_parquet(folder / "stockindicators_quotes.parquet").filter(pl.col("set") == "default").sort("row")
    told = pl.read_parquet(folder / "stockindicators_library_baselines.parquet").filter(
        (pl.col("case") == "crsi.standard") & (pl.col("field") == "connorsRsi")
    )

    mine = series("connors_rsi()", quotes["close"].to_list())[150:]

    thirds = [3 * (a - b) for a, b in zip(mine, told.sort("row")["value"].to_list()[150:], strict=True)]
    assert all(abs(each - round(each)) < 1e-6 and 0 <= round(each) <= 2 for each in thirds)
    assert sum(round(each) == 0 for each in thirds) > 0.95 * len(thirds)


def test_fisher_of_tulip(shared_data):
    """To its three decimals, and the trigger, which is the value before."""
    case = pl.read_parquet(shared_data / "reference" / "tulip_cases.parquet").filter(pl.col("indicator") == "fisher")
    high, low = json.loads(case["inputs_json"].item())
    line, trigger = json.loads(case["outputs_json"].item())

    for output, expected in (("line", line), ("trigger", trigger)):
        found = series(f"fisher(5).{output}", high, high=high, low=low)[1 - len(line) :]
        assert [abs(mine - other) < 1e-3 for mine, other in zip(found, expected[1:], strict=True)] == [True] * 10


def test_volume_indices_of_tulip(shared_data):
    """Positive volume index and volume oscillator, on Achelis' numbers and on others."""
    cases = pl.read_parquet(shared_data / "reference" / "tulip_cases.parquet")
    chosen = cases.filter(pl.col("indicator").is_in(["pvi", "vosc"]))

    for indicator, given, told in chosen.select("indicator", "inputs_json", "outputs_json").iter_rows():
        *closes, volume = json.loads(given)
        expected = json.loads(told)[0]
        formula = "pvi()" if indicator == "pvi" else "vosc(2, 5)"
        found = series(formula, closes[0] if closes else volume, volume=volume)[-len(expected) :]
        assert max(abs(mine - other) for mine, other in zip(found, expected, strict=True)) < 1e-3
    assert chosen.height == 4


LAST_BARS = {
    "chande_kroll(10, 1, 9).long": {-1: 127.89},
    "nvi()": {-1: 722.58},
    "pvi()": {-1: 661.03},
    "fisher(9).line": {-1: -1.77},
    "fisher(9).trigger": {-1: -1.31},
    "vosc(2, 5)": {-1: 38.18},
    "stc(close, 10, 23, 50)": {-1: 0.0},
    "heikin_ashi().low": {-1: 101.2},
    "squeeze().line": {-1: -52.23, -2: -40.98, -10: -37.97},
}


@pytest.mark.parametrize("formula", LAST_BARS)
def test_jesse(formula, shared_data):
    """The last bars that its tests assert, to two decimals."""
    candles = pl.read_parquet(shared_data / "reference" / "jesse_candles.parquet")
    chosen = candles.filter(pl.col("set") == "test_candles_19").sort("row")

    found = series(formula, **candles_of({name: chosen[name].to_list() for name in PRICES}))

    assert {bar: round(found[bar], 2) for bar in LAST_BARS[formula]} == LAST_BARS[formula]


TALIPP = {
    "mcginley(close, 14)": [8.839868, 8.895229, 8.944634],
    "rogers_satchell(9)": [0.036353, 0.035992, 0.040324],
    "squeeze(20, 2, 2).line": [1.135782, 1.136939, 1.036864],
}


@pytest.mark.parametrize("formula", TALIPP)
def test_talipp(formula, shared_data):
    """The last three bars that its tests assert."""
    given = pl.read_csv(shared_data / "reference" / "talipp_inputs.csv").filter(pl.col("set") == "OHLCV_TMPL")

    found = series(formula, **candles_of({name: given.sort("row")[name].to_list() for name in PRICES}))[-3:]

    assert max(abs(mine - other) for mine, other in zip(found, TALIPP[formula], strict=True)) < 2e-6


def test_arms_index_of_lean(shared_data):
    """Three symbols; Lean counts bar by bar, so that each day's last row is the whole market's."""
    whole = pl.read_parquet(shared_data / "reference" / "lean_indicator_data.parquet")
    file = whole.filter(pl.col("file") == "arms_data.txt")
    names = file.filter(pl.col("column") == "Symbol").select("row", symbol="text")
    rows = (
        file.filter(pl.col("column") != "Symbol").pivot(on="column", index="row", values="value").join(names, on="row")
    )
    rows = rows.sort("row").with_columns(date=pl.col("Date").cast(pl.Int64).cast(pl.String).str.to_date("%Y%m%d"))
    candles = rows.select("symbol", "date", *(pl.col(name.title()).alias(name) for name in PRICES))

    found = bs.evaluate({"arms": "arms()", "net": "advance_decline()"}, candles).filter(pl.col("symbol") == "IBM")
    told = rows.group_by("date", maintain_order=True).last()
    both = found.with_columns(pl.col("ts").dt.date().alias("date")).join(told, on="date")

    assert both.filter((pl.col("net") - pl.col("A/D Difference")).abs() > 1e-9).height == 0
    assert both["arms"].is_not_null().sum() == 129  # elsewhere all rose, or all fell
    assert both.filter((pl.col("arms") / pl.col("TRIN") - 1).abs() > 1e-6).height == 0


def test_mcclellan_of_lean(shared_data):
    """Its oscillator of rising less falling symbols, once the seeds have faded."""
    whole = pl.read_parquet(shared_data / "reference" / "lean_indicator_data.parquet")
    told = (
        whole.filter(pl.col("file") == "mcclellan_data.csv").pivot(on="column", index="row", values="value").sort("row")
    )

    found = series("ema(close, 19) - ema(close, 39)", told["A/D Difference"].to_list())

    assert abs(found[-1] / told["MO"][-1] - 1) < 2e-4
