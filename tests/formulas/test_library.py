"""Values of library functions worked by hand, holes included: the formula of each, written out."""

import math
from pathlib import Path

import pytest
from sweeping import LANGUAGE, series

NA = None
CLOSES = [10.0, 11.0, 9.0, 12.0, NA, 13.0, 12.0, 14.0]
HIGHS = [11.0, 12.0, 10.0, 13.0, 13.0, 14.0, 13.0, 15.0]
LOWS = [9.0, 10.0, 8.0, 11.0, 11.0, 12.0, 11.0, 13.0]
VOLUMES = [100.0, 200.0, 300.0, 100.0, 500.0, NA, 100.0, 200.0]


def values(source, **columns):
    """A formula over the candles above, rounded."""
    given = {"high": HIGHS, "low": LOWS, "volume": VOLUMES, **columns}
    return [v if v is None or isinstance(v, bool) else round(v, 6) for v in series(source, CLOSES, **given)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("momentum(close, 2)", [NA, NA, -1, 1, NA, 1, NA, 1]),
        ("roc(close, 1)", [NA, 10, -18.181818, 33.333333, NA, NA, -7.692308, 16.666667]),
        ("change(close, 3)", [NA, NA, NA, 2, NA, 4, 0, NA]),
        ("vwma(close, 2)", [NA, 10.666667, 9.8, 9.75, NA, NA, NA, 13.333333]),
        ("wma(close, 3)", [NA, NA, 9.833333, 10.833333, NA, NA, NA, 13.166667]),
        ("wma(close, 1)", CLOSES),
        ("linreg(close, 3)", [NA, NA, 9.5, 11.166667, NA, NA, NA, 13.5]),
        ("stdev(close, 2)", [NA, 0.5, 1, 1.5, NA, NA, 0.5, 1]),
        ("donchian(2).upper", [NA, 12, 12, 13, 13, 14, 14, 15]),
        ("donchian(2).middle", [NA, 10.5, 10, 10.5, 12, 12.5, 12.5, 13]),
        ("donchian(2).lower", [NA, 9, 8, 8, 11, 11, 11, 11]),
        ("true_range()", [NA, 2, 3, 4, 2, NA, 2, 3]),
        ("atr(2)", [NA, NA, 2.5, 3.25, 2.625, NA, 2.3125, 2.65625]),
        ("keltner(close, 2, 1).middle", [NA, 10.5, 9.5, 11.166667, NA, 12.388889, 12.12963, 13.376543]),
        ("keltner(close, 2, 1).upper", [NA, NA, 12, 14.666667, NA, NA, 14.296296, 16.098765]),
        ("vwap()", [10, 10.666667, 9.833333, 10.142857, NA, NA, 10.375, 11.1]),
        ("stoch(2, 2).k", [NA, 66.666667, 25, 80, NA, 66.666667, 33.333333, 75]),
        ("stoch(2, 2).d", [NA, NA, 45.833333, 52.5, NA, NA, 50, 54.166667]),
        ("obv()", [100, 300, 0, 100, NA, NA, 0, 200]),
        ("crosses_above(close, 11.5)", [NA, False, False, True, NA, NA, False, False]),
        ("crosses_below(close, 12.5)", [NA, False, False, False, NA, NA, True, False]),
        ("rising(close, 2)", [NA, NA, False, True, NA, NA, NA, True]),
        ("falling(close, 2)", [NA, NA, True, False, NA, NA, NA, False]),
        ("standing_highest_bar(round(close / 4), 3)", [NA, NA, 2, 2, NA, NA, NA, 0]),
        ("real_body(high, close)", [1, 1, 1, 1, NA, 1, 1, 1]),
        ("upper_shadow(low, high, close)", [1, 1, 1, 1, NA, 1, 1, 1]),
        ("lower_shadow(high, low, close)", [1, 1, 1, 1, NA, 1, 1, 1]),
        ("usual_body(high, low, 2)", [NA, NA, 2, 2, 2, 2, 2, 2]),
        ("usual_range(high, low, 3)", [NA, NA, NA, 2, 2, 2, 2, 2]),
        ("usual_shadow(low, high, low, close, 2)", [NA, NA, 0.5, 0.5, 0.5, NA, NA, 0.5]),
        ("if_defined(close[2], high)", [NA, NA, 10, 13, 13, 14, NA, 15]),
        ("hl2 + hlc3 - ohlc4 * 0", [20, 22, 18, 24, NA, 26, 24, 28]),
    ],
)
def test_by_hand(source, expected):
    columns = {"open": CLOSES} if "ohlc4" in source else {}

    assert values(source, **columns) == [v if v is None or isinstance(v, bool) else round(v, 6) for v in expected]


def test_hma_is_what_its_formula_says():
    """wma(2 * wma(n / 2) - wma(n), floor(sqrt(n))), halves rounded down, each wma summed out."""
    closes = [50 + 7 * math.sin(bar) for bar in range(60)]

    def wma(x, n):
        weights = range(1, n + 1)
        return [
            None
            if bar < n - 1 or None in (window := x[bar - n + 1 : bar + 1])
            else sum(w * v for w, v in zip(weights, window, strict=True)) / sum(weights)
            for bar in range(len(x))
        ]

    half, full = wma(closes, 5), wma(closes, 11)
    expected = wma([None if f is None else 2 * h - f for h, f in zip(half, full, strict=True)], 3)

    found = series("hma(close, 11)", closes)

    assert [v is None for v in found] == [v is None for v in expected]
    assert all(v is None or abs(v - e) < 1e-9 for v, e in zip(found, expected, strict=True))


BOUNDED = {
    "rsi(close, 3)": (0, 100),
    "mfi(3)": (0, 100),
    "dmi(3).plus": (0, 100),
    "dmi(3).minus": (0, 100),
    "dmi(3).adx": (0, 100),
    "stoch(3).k": (0, 100),
    "stoch(3).d": (0, 100),
    "percent_rank(close, 5)": (0, 100),
    "correlation(close, volume, 4)": (-1, 1),
}


@pytest.mark.parametrize("column", ["high", "low", "close", "volume"])
@pytest.mark.parametrize("source", BOUNDED)
def test_bounds_hold_beside_holes_in_one_column(source, column):
    """Parts of a ratio that skip different bars would leave them."""
    bars = range(120)
    close = [60 + 9 * math.sin(bar / 3) + bar % 7 for bar in bars]
    spread = [1 + bar % 5 * (1 + bar / 20) for bar in bars]
    columns = {
        "open": close,
        "close": close,
        "high": [c + s for c, s in zip(close, spread, strict=True)],
        "low": [c - s for c, s in zip(close, spread, strict=True)],
        "volume": [100.0 + bar % 11 for bar in bars],
    }
    columns[column] = [None if 29 <= bar < 45 or bar in {60, 61, 70} else v for bar, v in enumerate(columns[column])]
    least, most = BOUNDED[source]

    found = [v for v in series(source, columns.pop("close"), **columns) if v is not None]

    assert len(found) > 20
    assert all(least - 1e-9 <= v <= most + 1e-9 for v in found)


def test_vwap_of_one_price_is_that_price():
    """Whatever bars are missing, in the price or in the volume."""
    price = [10.0, 10.0, NA, 10.0, 10.0, 10.0]
    volume = [1.0, 2.0, 3.0, NA, 5.0, 6.0]

    assert series("vwap()", price, volume=volume) == [10, 10, NA, NA, 10, 10]


def test_every_library_function_has_values_tested():
    """Here, or against TA-Lib, or by the primitives' references."""
    elsewhere = {"between", "ema", "rsi", "cci", "mfi", "macd", "bbands", "adx", "dmi", "sar", "supertrend"}
    folder = Path(__file__).parents[1]
    files = [
        "formulas/test_library.py",
        "formulas/test_library_against_pandas.py",
        "formulas/test_across_symbols.py",
        "formulas/test_library_breadth.py",
        "formulas/test_library_windows.py",
        "formulas/test_signals.py",
        "oracles/test_indicators_of_others.py",
        "oracles/test_sheets_and_pandas.py",
        "oracles/test_talib_states.py",
        "oracles/test_library_against_talib.py",
    ]
    here = "".join((folder / file).read_text(encoding="utf-8") for file in files)
    library = {name for name in LANGUAGE.functions.plain if hasattr(LANGUAGE.functions[name], "definition")}

    assert {name for name in library - elsewhere if f"{name}(" not in here and name not in here} == set()
