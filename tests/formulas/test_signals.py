"""Signals, runs, pivots and stops worked by hand, over both executors; averages of their own weights written out."""

import math

import polars as pl
import pytest
from sweeping import LANGUAGE, random_candles, sweep

from barsweep import FormulaError

NA = None
CLOSES = [5.0, 6.0, 6.0, 5.0, NA, 7.0, 8.0, 9.0, 8.0, 8.0, 7.0, 9.0]
ON = "volume == 1"
OFF = "volume == 2"
EVENTS = [0, 1, 1, 0, 2, NA, 1, 3, 2, 0, 1, 1]


def values(source, executor, closes=CLOSES, volumes=EVENTS):
    """A formula over the closes, with the events as volumes."""
    candles = random_candles(1, lengths=(len(closes),)).select("symbol", "ts", "sector")
    columns = dict.fromkeys(("open", "high", "low", "close"), closes) | {"volume": volumes}
    frame = candles.with_columns(**{name: pl.Series(made, dtype=pl.Float64) for name, made in columns.items()})
    return sweep({"result": source}, frame, executor=executor)["result"].to_list()


T, F = True, False


@pytest.mark.parametrize("executor", ["polars", "tiles"])
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (f"flip({ON}, {OFF})", [F, T, T, T, F, F, T, T, F, F, T, T]),
        (f"flip({ON}, {ON})", [F] * 12),
        (f"cooldown({ON}, 1)", [F, T, F, F, F, NA, T, F, F, F, T, F]),
        (f"cooldown({ON}, 3)", [F, T, F, F, F, NA, T, F, F, F, T, F]),
        (f"cooldown({ON}, 4)", [F, T, F, F, F, F, T, F, F, F, F, T]),
        (f"bars_since({ON}, 2)", [NA, NA, 1, 2, 3, 4, 4, 5, 6, 7, 4, 1]),
        (f"bars_since({ON}, nth=4)", [NA] * 10 + [9, 9]),
        (f"value_when({ON}, close)", [NA, 6, 6, 6, 6, 6, 8, 8, 8, 8, 7, 9]),
        (f"value_when({ON}, close, 2)", [NA, NA, 6, 6, 6, 6, 6, 6, 6, 6, 8, 7]),
        (f"value_when({ON}, close, 3)", [NA, NA, NA, NA, NA, NA, 6, 6, 6, 6, 6, 8]),
        (f"trade_when({ON}, close, {OFF})", [NA, 6, 6, 6, NA, NA, 8, 8, NA, NA, 7, 9]),
        ("run(close > 5)", [0, 1, 2, 0, NA, 1, 2, 3, 4, 5, 6, 7]),
        ("run(close >= 5)", [1, 2, 3, 4, NA, 1, 2, 3, 4, 5, 6, 7]),
        ("streak(close)", [NA, 1, 0, -1, NA, NA, 1, 2, -1, 0, -1, 1]),
        (f"bars_since_first({ON})", [NA, *range(11)]),
        (f"bars_since_first_in({ON}, 3)", [NA, NA, 1, 2, 2, NA, NA, NA, 2, NA, 0, 1]),
        ("pivot_high(close, 2, 1)", [NA] * 8 + [9, NA, NA, NA]),
        ("pivot_low(close, 2, 1)", [NA] * 11 + [7]),
        ("highest_ever(close)", [5, 6, 6, 6, 6, 7, 8, 9, 9, 9, 9, 9]),
        ("lowest_ever(close)", [5] * 12),
        ("cumulative_max(close)", [5, 6, 6, 6, NA, 7, 8, 9, 9, 9, 9, 9]),
        ("cumulative_min(close - 6)", [-1, -1, -1, -1, NA, -1, -1, -1, -1, -1, -1, -1]),
        ("cumulative_product(close - 6)", [-1, 0, 0, 0, NA, 0, 0, 0, 0, 0, 0, 0]),
        ("dma(close, 0.5)", [5, 5.5, 5.75, 5.375, NA, 6.1875, 7.09375, 8.046875, 8.0234375, 8.01171875, 7.505859375,
                             8.2529296875]),
        ("swings(close, close, 20).pivot", [NA, 5, 5, 5, NA, 5, 5, 5, 5, 5, 9, 7]),
        ("swings(close, close, 20).bars", [NA, 1, 2, 3, NA, 5, 6, 7, 8, 9, 3, 1]),
        ("zigzag(close, 20).direction", [NA, 1, 1, 1, NA, 1, 1, 1, 1, 1, -1, 1]),
        ("zigzag(close, 20).extreme", [NA, 6, 6, 6, NA, 7, 8, 9, 9, 9, 7, 9]),
        ("log10(close * 1000) + ln(1)", [math.log10(c * 1000) if c else NA for c in CLOSES]),
        ("radians(close)", [math.radians(c) if c else NA for c in CLOSES]),
        ("degrees(atan(close - 5))", [math.degrees(math.atan(c - 5)) if c else NA for c in CLOSES]),
    ],
)  # fmt: skip
def test_by_hand(source, expected, executor):
    found = values(source, executor)

    assert [v is None for v in found] == [v is None for v in expected]
    assert all(v is None or v is e or math.isclose(v, e, rel_tol=1e-14) for v, e in zip(found, expected, strict=True))


def prices(bars=120):
    return [50 + 8 * math.sin(bar / 5) + bar % 3 for bar in range(bars)]


def test_vidya_is_what_its_formula_says():
    closes, expected = prices(), []
    for t, close in enumerate(closes):
        steps = [closes[k] - closes[k - 1] for k in range(t - 8, t + 1)] if t >= 9 else []
        if not steps:
            expected.append(NA)
            continue
        ups, downs = sum(s for s in steps if s > 0), -sum(s for s in steps if s < 0)
        alpha = 2 / 15 * abs(ups - downs) / (ups + downs)
        expected.append(close if expected[-1] is None else alpha * close + (1 - alpha) * expected[-1])

    assert_near(values("vidya(close, 14, 9)", "tiles", closes, closes), expected)


def test_frama_is_what_its_formula_says():
    """Of high, low and close alike."""
    closes, expected = prices(), []

    def width(first, last):
        return (max(closes[first:last]) - min(closes[first:last])) / (last - first)

    for t, close in enumerate(closes):
        if t < 15:
            expected.append(NA)
            continue
        parts = width(t - 7, t + 1) + width(t - 15, t - 7)
        dimension = (math.log(parts) - math.log(width(t - 15, t + 1))) / math.log(2)
        alpha = min(max(math.exp(-4.6 * (dimension - 1)), 0.01), 1)
        expected.append(close if expected[-1] is None else alpha * close + (1 - alpha) * expected[-1])

    assert_near(values("frama(16)", "tiles", closes, closes), expected)


def assert_near(found, expected):
    assert [v is None for v in found] == [v is None for v in expected]
    assert all(v is None or math.isclose(v, e, rel_tol=1e-11) for v, e in zip(found, expected, strict=True))


def test_a_chandelier_tightens_until_it_is_crossed():
    """The long stop never falls while the price stays above it; then the short one takes over."""
    closes = [*range(20, 60), *range(60, 20, -1)]
    line, direction, long, short = (
        values(f"chandelier(5, 2).{name}", "tiles", closes, closes) for name in ("line", "direction", "long", "short")
    )

    turn = direction.index(-1.0)
    assert closes[turn] < line[turn - 1] <= closes[turn - 1]
    assert line[5:turn] == sorted(line[5:turn])
    assert line[turn:] == sorted(line[turn:], reverse=True)
    assert long[5:41] == line[5:41]
    assert short[turn + 5 :] == line[turn + 5 :]


def test_settings_out_of_bounds_are_named():
    """By the language's usual words."""
    faulty = "bars_since(close > 1, 0)", "value_when(close > 1, close, 101)", "ewm_mean(close, 0)", "mama(close, 2)"
    for source in faulty:
        with pytest.raises(FormulaError, match=r"a constant (whole )?number from"):
            LANGUAGE.check(source)
