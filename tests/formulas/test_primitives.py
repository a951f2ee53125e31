"""Every primitive against its plain-Python reference, over random candles with holes, ties and flat stretches."""

import math

import hypothesis
import polars as pl
import pytest
from hypothesis import strategies as st
from references.registry import REFERENCES
from sweeping import NUMBERS, arguments, random_candles, sweep

from barsweep.formulas import primitives  # noqa: F401 - fills the registry
from barsweep.formulas.declaring import PRIMITIVES
from barsweep.formulas.kinds import Series, Shape

CALENDAR_FIELDS = {"year", "quarter", "month", "day", "weekday", "hour", "minute", "date", "time"}
LENGTHS = {"Whole": ("3", "1", "8"), "Real": ("0.02", "0.5"), "Flag": ("true",), "Span": ('"2d"', '"1w"')}
PAIRED = ("slope", "linreg", "rsquare", "correlation")
SHORTEST = {"slope": "2", "residual_stdev": "2", **{f"partial_{name}": "2" for name in PAIRED}}
SAMPLED = [["close", "3", "false"], ["close", "1", "false"], ["close", "8", "true"]]
CHOSEN = {
    **dict.fromkeys(("skew", "kurtosis"), SAMPLED),
    "partial_skewness": [["close", "4", "false"], ["close", "8", "true"]],
    "partial_kurtosis": [["close", "4", "false"], ["close", "8", "true"]],
}
BARS = "mod(volume / 100, 9)"


def variants(primitive):
    """Texts of the arguments: numbers and conditions for series, several values for the settings."""
    if primitive.name in CHOSEN:
        return CHOSEN[primitive.name]
    texts, _ = arguments(primitive)
    numbers = iter((*NUMBERS, "low"))
    found = []
    for choice in range(3):
        given = []
        for parameter, text in zip(primitive.parameters, texts, strict=True):
            if isinstance(parameter.accepts, Series) and parameter.name == "n":
                given.append(BARS)
            elif isinstance(parameter.accepts, Series):
                given.append(text or next(numbers, "close"))
            else:
                values = LENGTHS[type(parameter.accepts).__name__]
                given.append(values[choice % len(values)])
        if primitive.name in SHORTEST:
            given[-1] = given[-1].replace("1", SHORTEST[primitive.name])
        found.append(given)
    return [list(item) for item in dict.fromkeys(map(tuple, found))]


def text_of(primitive, given):
    """The formula, with an operator in its own notation."""
    symbol = primitive.symbol
    if symbol == "[]":
        return f"({given[0]})[{given[1]}]"
    if symbol == "negate":
        return f"-({given[0]})"
    if symbol == "not":
        return f"not ({given[0]})"
    if primitive.form_of:
        return f"{primitive.form_of}({', '.join(given[:-1])}, max={given[-1]})"
    return f"({given[0]}) {symbol} ({given[1]})" if symbol else f"{primitive.name}({', '.join(given)})"


CASES = [
    pytest.param(primitive, given, id=text_of(primitive, given))
    for primitive in PRIMITIVES.values()
    if primitive.shape is not Shape.ACROSS and primitive.parameters
    for given in variants(primitive)
]


def close_enough(value, truth, scale):
    """Section 4 of the design: 1e-9 of the largest of the two values and of the terms."""
    if value is None or truth is None or isinstance(truth, bool):
        return value is truth or value == truth
    return abs(value - truth) <= 1e-9 * max(abs(value), abs(truth), scale)


def python_value(text):
    """A setting as the reference takes it."""
    if text in {"true", "false"}:
        return text == "true"
    return text.strip('"') if text.startswith('"') else float(text) if "." in text else int(text)


@pytest.mark.parametrize(("primitive", "given"), CASES)
def test_a_primitive_equals_its_reference(primitive, given):
    """Value by value, undefined where the reference is."""
    candles = random_candles(11, lengths=(1, 2, 90))
    pairs = zip(primitive.parameters, given, strict=True)
    terms = {text: text for parameter, text in pairs if isinstance(parameter.accepts, Series) or text == BARS}
    text = text_of(primitive, given)
    outputs = {
        f".{output}" if output else "": f"{text}{'.' if output else ''}{output}" for output in primitive.outputs or [""]
    }
    swept = sweep({**terms, **outputs}, candles)
    for _, rows in swept.group_by("symbol", maintain_order=True):
        series = {term: rows[term].to_list() for term in terms}
        inputs = [series[text] if text in series else python_value(text) for text in given]
        if primitive.name == "ago":
            inputs.insert(1, rows["ts"].to_list())
        if primitive.name == "new_period":
            inputs.insert(0, rows["ts"].to_list())
        truths = REFERENCES[primitive.name](*inputs)
        power = 2 if "variance" in primitive.name else 1
        scale = (
            max((abs(v) for values in series.values() for v in values if isinstance(v, float)), default=1.0) ** power
        )
        for output, truth in zip(outputs, truths if primitive.outputs else [truths], strict=True):
            pairs = enumerate(zip(rows[output].to_list(), truth, strict=True))

            assert [(bar, *pair) for bar, pair in pairs if not close_enough(*pair, scale)] == []


def test_calendar_fields_are_those_of_python():
    """Exchange time of the bar's beginning."""
    candles = random_candles(13, lengths=(200,))
    swept = sweep({name: name for name in CALENDAR_FIELDS}, candles)
    for row in swept.iter_rows(named=True):
        ts = row["ts"]
        assert (row["year"], row["month"], row["day"]) == (ts.year, ts.month, ts.day)
        assert row["quarter"] == (ts.month + 2) // 3
        assert (row["weekday"], row["hour"], row["minute"]) == (ts.isoweekday(), ts.hour, ts.minute)
        assert row["date"] == (ts.date().toordinal() - 719163)
        assert row["time"] == ts.hour * 60 + ts.minute


def test_every_primitive_is_tested():
    """A new primitive cannot be forgotten here."""
    calendar = {p.name for p in PRIMITIVES.values() if not p.parameters}

    assert {p.name for p in PRIMITIVES.values()} - REFERENCES.keys() == calendar - REFERENCES.keys()
    assert calendar == CALENDAR_FIELDS | {"bar_index", "session_bar"}


NUMBER = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, -0.0, -0.5, 0.5, 2.0, 1e300, 5e-324])
PLAIN = sorted(name for name, primitive in PRIMITIVES.items() if primitive.plain)


def to_the_bit(value):
    """Tells -0.0 from 0.0, and calls what is not finite undefined, as the language does."""
    finite = isinstance(value, bool) or (value is not None and math.isfinite(value))
    return repr(value if isinstance(value, bool) else float(value)) if finite else None


@pytest.mark.parametrize("name", PLAIN)
@hypothesis.settings(max_examples=60)
@hypothesis.given(x=NUMBER, y=NUMBER, alike=st.booleans())
def test_constants_are_computed_as_the_rule_computes_them(name, x, y, alike):
    primitive = PRIMITIVES[name]
    numbers = [x, x if alike else y][: len(primitive.parameters)]
    by_rule = pl.select(primitive.rule(*(pl.lit(n, dtype=pl.Float64) for n in numbers))).item()
    try:
        plainly = primitive.plain(*numbers)
    except (ArithmeticError, ValueError):
        plainly = by_rule  # the rule is asked

    assert len(PLAIN) > 10
    assert to_the_bit(plainly) == to_the_bit(by_rule)
