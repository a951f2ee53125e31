"""Every function across symbols against its reference, with groups and conditions, by both executors."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from references.registry import REFERENCES
from sweeping import LANGUAGE, random_candles, sweep

from barsweep.errors import FormulaError
from barsweep.formulas.declaring import PRIMITIVES
from barsweep.formulas.kinds import Kind, Series, Shape

ACROSS = {name: primitive for name, primitive in PRIMITIVES.items() if primitive.shape is Shape.ACROSS}
SETTINGS = {
    "rank": ({}, {"percent": True}),
    "quantile_bucket": ({}, {"n": 3}, {"n": 1}),
    "top": ({}, {"n": 1}, {"n": 3}),
    "bottom": ({}, {"n": 1}, {"n": 3}),
    "scale": ({}, {"to": 20.5}),
    "winsorize": ({}, {"limit": 1.0}, {"limit": 0.3}),
    "across_quantile": ({}, {"share": 0.25}, {"share": 1.0}, {"share": 0.9}),
    "clip_quantiles": ({}, {"share": 0.25}, {"share": 0.0}, {"share": 0.5}),
}
POPULATIONS = {
    "": lambda _: {},
    "by=sector": lambda at: {"by": at["sector"]},
    "by=open": lambda at: {"by": at["open"]},
    "by=close > 50": lambda at: {"by": [None if value is None else value > 50 for value in at["close"]]},
    "where=high > 10": lambda at: {"where": [value is not None and value > 10 for value in at["high"]]},
    "by=sector, where=high > 10": lambda at: {
        "by": at["sector"],
        "where": [value is not None and value > 10 for value in at["high"]],
    },
}
SERIES = ("close", "volume")


def many(seed, symbols=14, bars=24):
    """Symbols side by side: ties, holes in every column, bars that are missing, and bars at which all are equal."""
    rng = np.random.default_rng(seed)
    frames = []
    for number in range(symbols):
        kept = np.flatnonzero(rng.random(bars) < 0.85)
        columns = {
            "close": np.where(kept % 6 == 0, 0.1, rng.normal(50, 20, kept.size).round(0)),
            "volume": np.where(kept % 5 == 0, 7.0, rng.integers(-3, 4, kept.size) * 100.0),
            "open": rng.integers(-1, 2, kept.size) * 1.5,
            "high": rng.integers(0, 40, kept.size) * 1.0,
            "low": np.zeros(kept.size),
        }
        holed = {name: [None if rng.random() < 0.1 else float(v) for v in values] for name, values in columns.items()}
        ts = [dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(hours=int(bar)) for bar in kept]
        sector = rng.choice(["Tech", "Energy", "Food", None], kept.size, p=[0.5, 0.3, 0.1, 0.1]).tolist()
        frames.append(pl.DataFrame({"symbol": f"S{number:02}", "ts": ts, "sector": sector, **holed}))
    return pl.concat([frame.with_columns(pl.col("sector").cast(pl.String)) for frame in frames])


def series_of(primitive):
    """The texts of its own series, and whether they are conditions."""
    own = [p for p in primitive.parameters if isinstance(p.accepts, Series) and p.name not in {"by", "where"}]
    conditions = [p.accepts.kinds == {Kind.BOOLEAN} for p in own]
    return [f"{name} > 40" if c else name for name, c in zip(SERIES, conditions, strict=False)]


def text_of(primitive, settings, population):
    shown = [f"{name}={str(value).lower()}" for name, value in settings.items()]
    return f"{primitive.name}({', '.join([*series_of(primitive), *shown, *filter(None, [population])])})"


CASES = {
    text_of(primitive, settings, population): (primitive, settings, cut)
    for primitive in ACROSS.values()
    for settings in SETTINGS.get(primitive.name, ({},))
    for population, cut in POPULATIONS.items()
}


@pytest.fixture(scope="module", params=["polars", "tiles"])
def swept(request):
    """Every call over the candles, in one plan."""
    candles = many(1)
    found = sweep({text: text for text in CASES}, candles, executor=request.param)
    return candles.join(found, on=["symbol", "ts"], maintain_order="left")


def is_near(value, truth, scale):
    """Section 4 of the design: 1e-9 of the largest of the two values and of the terms."""
    if value is None or truth is None or isinstance(truth, bool):
        return value is truth
    return abs(value - truth) <= 1e-9 * max(abs(value), abs(truth), scale)


@pytest.mark.parametrize("text", CASES)
def test_values_are_the_references(text, swept):
    primitive, settings, cut = CASES[text]
    given = [f"given {number}" for number, _ in enumerate(series_of(primitive))]
    swept = swept.with_columns(
        pl.sql_expr(text).alias(name) for name, text in zip(given, series_of(primitive), strict=True)
    )
    wrong = []
    for (ts,), rows in swept.sort("symbol").group_by("ts"):
        at = rows.to_dict(as_series=False)
        inputs = [at[name] for name in given]
        truths = REFERENCES[primitive.name](*inputs, **settings, **cut(at))
        scale = max((abs(float(v)) for v in inputs[0] if v is not None), default=1.0)
        pairs = zip(at["symbol"], at[text], truths, strict=True)
        wrong += [(ts, *each) for each in pairs if not is_near(each[1], each[2], scale)]

    assert wrong == []
    assert 0 < swept[text].null_count() < swept.height


@pytest.mark.parametrize("executor", ["polars", "tiles"])
def test_what_is_written_otherwise_is_the_same(executor):
    """`where` is the series where the condition holds; `by` is a population for each group."""
    same = {
        "rank(close, where=high > 10)": "rank(high > 10 ? close : na)",
        "demean(close, sector)": "close - across_mean(close, by=sector)",
        "neutralize(close)": "demean(close)",
        "neutralize(close, by=sector)": "demean(close, by=sector)",
        "rank_share(close)": "rank(close) / across_count(defined(close), where=defined(close))",
        "across_mean(close > 50)": "across_count(close > 50) / across_count(defined(close), where=defined(close))",
        "top(close, 3)": "bottom(-close, 3)",
        "rank(close, by=high > 10 ? 1 : 2)": "rank(close, by=high > 10)",
    }
    candles = many(2)
    found = sweep({text: text for pair in same.items() for text in pair}, candles, executor=executor)

    for left, right in same.items():
        wrong = [pair for pair in zip(found[left], found[right], strict=True) if not is_near(*pair, 100.0)]
        assert wrong == [], left


@pytest.mark.parametrize("executor", ["polars", "tiles"])
def test_who_else_there_is_matters_only_inside_the_population(executor):
    """Symbols of another sector, or at which the condition fails, change nothing, to the bit."""
    candles, outside = many(3), pl.col("sector").eq_missing("Tech").not_()
    calls = {text: text for text in CASES if "by=sector" in text}
    calls |= {text: text for text in (f"rank(close, where={c})" for c in ('sector == "Tech"', 'sector in ["Tech"]'))}

    whole = sweep(calls, candles, executor=executor).filter(pl.Series(candles["sector"].eq_missing("Tech")))
    alone = sweep(calls, candles.filter(~outside), executor=executor)

    assert [text for text in calls if not whole[text].equals(alone[text], null_equal=True)] == []


@pytest.mark.parametrize("executor", ["polars", "tiles"])
def test_one_symbol_and_equal_ones(executor):
    """The values of a population of one, and of one whose numbers are all equal."""
    bar = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    prices = dict.fromkeys(["open", "high", "low", "volume"], 2.0)
    frame = pl.DataFrame({"symbol": ["A", "B", "C"], "ts": bar, "close": 0.1, "sector": "Tech", **prices})
    expected = {
        "rank(close)": (1.0, 2.0),
        "rank(close, percent=true)": (0.5, 0.5),
        "rank_share(close)": (1.0, 2 / 3),
        "quantile_bucket(close, 4)": (4.0, 3.0),
        "zscore(close)": (None, None),
        "demean(close)": (0.0, 0.0),
        "scale(close)": (1.0, 1 / 3),
        "winsorize(close, 0)": (0.1, 0.1),
        "clip_quantiles(close)": (0.1, 0.1),
        "across_mean(close)": (0.1, 0.1),
        "across_median(close)": (0.1, 0.1),
        "across_stdev(close)": (0.0, 0.0),
        "neutralize(close, volume)": (0.0, 0.0),
        "across_slope(close, volume)": (None, None),
        "across_correlation(close, close)": (None, None),
    }
    for text, (one, equal) in expected.items():
        for rows, value in ((frame.head(1), one), (frame, equal)):
            found = sweep({"f": text}, rows, executor=executor)["f"].to_list()
            assert set(found) == {value}, text


@pytest.mark.parametrize("executor", ["polars", "tiles"])
def test_library_functions_across_symbols(executor):
    """Worked by hand: the mean is 4, the deviation 2, the sum of sizes 24."""
    values = [1.0, 3, 3, 3, 4, 4, 6, 8]
    bar = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    prices = dict.fromkeys(["open", "high", "low", "volume"], 1.0)
    frame = pl.DataFrame({"symbol": list("ABCDEFGH"), "ts": bar, "close": values, "sector": "Tech", **prices})
    expected = {
        "normalize(close)": [-3.0, -1, -1, -1, 0, 0, 2, 4],
        "normalize(close, std=true)": [-1.5, -0.5, -0.5, -0.5, 0, 0, 1, 2],
        "normalize(close, std=true, limit=1)": [-1.0, -0.5, -0.5, -0.5, 0, 0, 1, 1],
        "truncate(close - 4, 0.25)": [-3.0, -1, -1, -1, 0, 0, 2, 3],
        "across_mean(close > 3)": [0.5] * 8,
    }

    found = sweep({text: text for text in expected}, frame, executor=executor)

    assert found.select(*expected).to_dict(as_series=False) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rank(close, by=date)", "rank's by takes a boolean or category or number, this is a date"),
        ("rank(close, where=volume)", "a number is no condition"),
        ("rank(close, percent=close > 1)", "must be constant"),
        ("across_count(close)", "a number is no condition"),
        ("clip_quantiles(close, 0.7)", "must be a constant number from 0 to 0.5"),
        ("quantile_bucket(close, 0)", "must be a constant whole number from 1 to 1,000"),
    ],
)
def test_what_does_not_fit_is_told(text, said):
    with pytest.raises(FormulaError) as told:
        LANGUAGE.check(text)

    assert said in str(told.value)


def test_groups_told_by_a_text_are_refused():
    """by="sector", as others write it, would put all symbols into one group."""
    with pytest.raises(FormulaError, match="this is a constant"):
        LANGUAGE.check('rank(close, by="sector")')


@pytest.mark.parametrize("executor", ["polars", "tiles"])
@pytest.mark.parametrize("power", [-260, 0, 260])
def test_symbols_go_exactly_with_themselves(power, executor):
    """As series do over time, at any magnitude: spreads are squares."""
    frame = random_candles(9, lengths=(40,) * 7, holes=0.0)
    far = f"{2.0**power!r} * close"
    calls = {"same": f"across_correlation({far}, {far})", "opposite": f"across_correlation({far}, -close)"}
    found = sweep(calls, frame, executor=executor)
    for name, value in (("same", 1.0), ("opposite", -1.0)):
        assert found[name].count() > 200
        assert set(found[name].drop_nulls()) == {value}
