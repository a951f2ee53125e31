"""Foreign text: what it is read as, and what is said where it is unsound."""

import datetime as dt
import math

import polars as pl
import pytest
from sweeping import KINDS

from barsweep.engine.service import FormulaService
from barsweep.errors import FormulaError, ProcessingEngineError
from barsweep.formulas.dialects import DIALECTS, read_foreign
from barsweep.formulas.dialects.declaring import dialect
from barsweep.formulas.language import Language
from barsweep.formulas.parse import parse
from barsweep.formulas.syntax import Span

CLOSES = [10.0, 11.0, 9.0, None, 12.0, 12.0, 8.0]
COLUMNS = {**KINDS, "vwap": "number", "benchmark_close": "number"}


def values(text, dialect, closes=CLOSES):
    """A foreign formula over one symbol -> a list."""
    begin = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    frame = pl.DataFrame(
        {
            "symbol": "A",
            "ts": [begin + dt.timedelta(days=bar) for bar in range(len(closes))],
            "sector": "Tech",
            **{name: pl.Series(closes, dtype=pl.Float64) for name in COLUMNS if name != "sector"},
        }
    )
    return FormulaService().evaluate(text, frame, dialect=dialect).to_list()


def stripped(node):
    """A tree without its places."""
    if isinstance(node, Span):
        return None
    if isinstance(node, tuple):
        return tuple(map(stripped, node))
    if hasattr(node, "__dataclass_fields__"):
        return (type(node).__name__, *(stripped(getattr(node, name)) for name in node.__dataclass_fields__))
    return node


READ = [
    # text, dialect, the same in the language
    ("1 + 2 * 3 - 4", "alpha101", "1 + 2 * 3 - 4"),
    ("-2^2", "alpha101", "-(2 ^ 2)"),
    ("2^3^2", "gtja191", "2 ^ (3 ^ 2)"),
    ("-2*3", "gtja191", "(-2) * 3"),
    ("1 < 2 || 3 < 4 && 5 < 6", "alpha101", "1 < 2 or (3 < 4 and 5 < 6)"),
    ("1 < 2 ? 3 : 4 < 5 ? 6 : 7", "alpha101", "1 < 2 ? 3 : (4 < 5 ? 6 : 7)"),
    ("(1 < 2) * -1", "alpha101", "(1 < 2 ? 1 : 0) * -1"),
    ("1 ? 2 : 3", "alpha101", "1 != 0 ? 2 : 3"),
    ("1 < 2 ? 3 < 4 : 5", "alpha101", "1 < 2 ? (3 < 4 ? 1 : 0) : 5"),
    ("(1 < 2) < 3", "alpha101", "(1 < 2 ? 1 : 0) < 3"),
    ("!(1 < 2)", "alpha101", "not (1 < 2)"),
    ("1=2", "gtja191", "1 == 2"),
    ("(1<2)OR(3<4)", "gtja191", "1 < 2 or 3 < 4"),
    ("1./2.*3;", "gtja191", "1 / 2 * 3"),
    ("（1＋2）×3–4", "gtja191", "(1 + 2) * 3 - 4"),
    ("CLOS E", "gtja191", 'column("close")'),
    ("DELA Y(L OW,1)", "gtja191", 'gtja191.delay(column("low"), 1)'),
    ("COVIANCE(L, H IGH, 5)", "gtja191", 'gtja191.covariance(column("low"), column("high"), 5)'),
    ("MAX(CLOSE, 5)", "gtja191", 'gtja191.tsmax(column("close"), 5)'),
    ("MAX(CLOSE, 0)", "gtja191", 'gtja191.max(column("close"), 0)'),
    ("COUNT(CLOSE>1,5)", "gtja191", 'count(column("close") > 1, 5)'),
    ("SUMIF(CLOSE,5,CLOSE>1)", "gtja191", 'gtja191.sum(column("close") > 1 ? column("close") : 0, 5)'),
    ("REGBETA(CLOSE,SEQUENCE,20)", "gtja191", 'gtja191.trend(column("close"), 20)'),
    ("BANCHMARKINDEXCLOSE", "gtja191", 'column("benchmark_close")'),
    ("min(close, 5)", "alpha101", 'alpha101.ts_min(column("close"), 5)'),
    ("Ts_Rank(close, 5.5)", "alpha101", 'alpha101.ts_rank(column("close"), 5.5)'),
    ("IndNeutralize(close, IndClass.sector)", "alpha101", 'alpha101.indneutralize(column("close"), column("sector"))'),
    ("adv20", "alpha101", 'alpha101.adv(column("vwap"), column("volume"), 20)'),
    ("returns", "alpha101_yli188", "alpha101_yli188.returns()"),
    ("1 < 2", "alpha101_yli188", "nz(1 < 2, false)"),
    ("$close > 1 & 2", "qlib", 'nz(column("close") > ((1 != 0) and (2 != 0) ? 1 : 0), false)'),
    ("Gt($close, 1)", "qlib", 'nz(column("close") > 1, false)'),
    ("$close != 1", "qlib", 'nz(column("close") != 1, true)'),
    ("-$close**2", "qlib", '-(column("close") ^ 2)'),
    ("If($close > 1, $close, 0)", "qlib", 'nz(column("close") > 1, false) ? column("close") : 0'),
    ("Mask($close, 'SPY')", "qlib", 'symbol("SPY", column("close"))'),
    ("Not($close)", "qlib", 'not (column("close") != 0)'),
    ("Mean($close > 1, 5)", "qlib", 'qlib.mean(nz(column("close") > 1, false) ? 1 : 0, 5)'),
]


@pytest.mark.parametrize(("text", "name", "own"), READ, ids=[f"{name}: {text}" for text, name, _ in READ])
def test_foreign_text_is_read_as_what_the_language_says(text, name, own):
    assert stripped(read_foreign(text, name).result) == stripped(parse(own).result)


UNSOUND = [
    # text, dialect, the place that is underlined, what is said
    ("Meen($close, 5)", "qlib", "Meen", "unknown function 'Meen'", "did you mean mean(x, n)?"),
    ("Mean($close)/2", "qlib", "Mean($close)", "Mean lacks its n", "it is mean(x, n)"),
    ("Ref($close, -1)", "qlib", "-1", "Ref with a negative n is the future", ""),
    ("Mean(close, 5)", "qlib", "close", "unknown name 'close'", "a field is written $close"),
    ("Mean($factor, 5)", "qlib", "$factor", "the candles have no column 'factor'", ""),
    ("$$roe_q", "qlib", "$$roe_q", "fields of financial reports ($$) are not known here", "write $field"),
    ("Mean(($close, 5)", "qlib", "(", "this '(' is never closed", "add a ')'"),
    ("$close)", "qlib", ")", "this ')' closes nothing", "take it out"),
    ("$close ^ 2", "qlib", "^", "'^' has no meaning here", "a power is written Power(x, n) or x ** n"),
    ("$close $open", "qlib", "$open", "an operator or a comma is missing before this", ""),
    ("Mean($close, )", "qlib", ")", "a value is missing before this ')'", ""),
    ("$close @ 2", "qlib", "@", "the character '@' has no meaning here", ""),
    ("close +", "alpha101", "+", "the formula ends where a value is missing", ""),
    ("close < 1 ? 2", "alpha101", "2", "the formula ends where ':' is missing", ""),
    ("rank(clsoe)", "alpha101", "clsoe", "unknown name 'clsoe'", ""),
    ("STD(CLOSE:20)", "gtja191", ":", "this ':' is out of place", ""),
    ("SMA(CLOSE,5)", "gtja191", "SMA(CLOSE,5)", "SMA lacks its m", "it is sma(x, n, m)"),
    ("close + 1e999", "alpha101", "1e999", "this number is too large", "the largest is about 1.8e308"),
    (f"adv{'9' * 400}", "alpha101", f"adv{'9' * 400}", "this number is too large", "the largest is about 1.8e308"),
    ("adv²", "alpha101", "adv²", "unknown name 'adv²'", ""),
    ("(CLOSE,5)", "gtja191", ",", "this ',' is out of place", "a bracket without a function's name holds one value"),
]


@pytest.mark.parametrize(("text", "name", "place", "message", "hint"), UNSOUND, ids=[case[0] for case in UNSOUND])
def test_faults_are_told_in_the_words_of_the_dialect(text, name, place, message, hint):
    with pytest.raises(FormulaError) as caught:
        Language().check(text, dialect=name)

    problem = caught.value.problems[0]
    assert (problem.message, text[problem.start : problem.end]) == (message, place)
    assert problem.hint == hint or not hint


WARNED = [
    # text, dialect, the sides that are compared
    ("($close*2)*3 > $volume", "qlib", ["($close*2)*3", "$volume"]),
    ("-(CLOSE+1) > VOLUME*(2)", "gtja191", ["-(CLOSE+1)", "VOLUME*(2)"]),
    ("(1 < 2 ? close : open) < ((volume))", "alpha101", ["1 < 2 ? close : open", "volume"]),
]


@pytest.mark.parametrize(("text", "name", "sides"), WARNED, ids=[case[0] for case in WARNED])
def test_brackets_belong_to_the_place_of_what_they_are_in(text, name, sides):
    warning = Language().check(text, COLUMNS, dialect=name).warnings[0]

    assert [told.rpartition(" is ")[0] for told in warning.hint.split(", ")] == sides
    assert text[warning.start : warning.end].startswith("(" if text[0] == "(" else "-(")


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize(
    "text", ["", "   ", "(" * 300 + "1" + ")" * 300, "1" + "+1" * 50_000, "1" * 100_001, "-" * 5000 + "1"]
)
def test_texts_without_end_are_refused(name, text):
    """Formulas are untrusted: no text makes the reader recurse without bound."""
    with pytest.raises(FormulaError):
        read_foreign(text, name)


def test_an_unknown_dialect_is_refused():
    with pytest.raises(ProcessingEngineError, match="did you mean 'alpha101'"):
        Language().check("close", dialect="alpha10")


def test_a_dialect_is_declared_once():
    with pytest.raises(ValueError, match="declared twice"):
        dialect("qlib")(parse)


def near(found, expected):
    """Equal up to rounding, undefined in the same places."""
    assert [value is None for value in found] == [value is None for value in expected]
    pairs = zip(found, expected, strict=True)
    return all(value is None or math.isclose(value, other, rel_tol=1e-9, abs_tol=1e-12) for value, other in pairs)


EXPECTED = [
    # by hand from CLOSES: 10 11 9 - 12 12 8
    ("Mean($close, 3)", "qlib", [10, 10.5, 10, 10, 10.5, 12, 32 / 3]),
    ("Sum($close, 0)", "qlib", [10, 21, 30, 30, 42, 54, 62]),
    ("Mean($close, 0)", "qlib", [10, 10.5, 10, 10, 10.5, 10.8, 62 / 6]),
    ("Max($close, 0)", "qlib", [10, 11, 11, 11, 12, 12, 12]),
    ("Min($close, 0)", "qlib", [10, 10, 9, 9, 9, 9, 8]),
    ("Ref($close, 0)", "qlib", [10] * 7),
    ("Delta($close, 0)", "qlib", [0, 1, -1, None, 2, 2, -2]),
    ("Count($close, 3)", "qlib", [1, 2, 3, 2, 2, 2, 3]),
    ("Std($close, 2)", "qlib", [None, math.sqrt(0.5), math.sqrt(2), None, None, 0, math.sqrt(8)]),
    ("Med($close, 3)", "qlib", [10, 10.5, 10, 10, 10.5, 12, 12]),
    ("Quantile($close, 3, 0.25)", "qlib", [10, 10.25, 9.5, 9.5, 9.75, 12, 10]),
    ("Rank($close, 3)", "qlib", [1, 1, 1 / 3, None, 1, 0.75, 1 / 3]),
    ("IdxMax($close, 3)", "qlib", [1, 2, 2, 1, 3, 2, 1]),
    ("IdxMin($close, 3)", "qlib", [1, 1, 3, 2, 1, 2, 3]),
    ("Slope($close, 3)", "qlib", [None, 1, -0.5, -2, 1.5, 0, -2]),
    ("Resi($close, 3)", "qlib", [None, 0, -0.5, None, 0, 0, -2 / 3]),
    ("WMA($close, 2)", "qlib", [None, 5.5, 4.5, None, None, 6, 4]),
    ("Mad($close, 3)", "qlib", [0, 0.5, 2 / 3, 1, 1.5, 0, 16 / 9]),
    ("EMA($close, 3)", "qlib", [10, 32 / 3, 68 / 7, None, 260 / 23, 644 / 55, 68 / 7]),
    ("$close > 10", "qlib", [False, True, False, False, True, True, False]),
    ("ts_argmax(close, 2.9)", "alpha101", [None, 2, 1, None, None, 2, 1]),
    ("ts_argmax(close, 1.9)", "alpha101_yli188", [None, 2, 1, None, None, 1, 1]),
    ("product(close - 10, 2)", "alpha101", [None, 0, -1, None, None, 4, -4]),
    ("ts_rank(close, 2)", "alpha101", [None, 1, 0.5, None, None, 0.75, 0.5]),
    ("ts_rank(close, 2)", "alpha101_yli188", [None, 2, 1, None, None, 1.5, 1]),
    ("SignedPower(close - 11, 2)", "alpha101", [-1, 0, -4, None, 1, 1, -9]),
    ("(close < 11) * -1", "alpha101", [-1, 0, -1, None, 0, 0, -1]),
    ("(close < 11) * -1", "alpha101_yli188", [-1, 0, -1, 0, 0, 0, -1]),
    ("SMA(CLOSE,4,1)", "gtja191", [10, 10.25, 9.9375, None, 10.453125, 10.83984375, 10.1298828125]),
    ("DECAYLINEAR(CLOSE,2)", "gtja191", [None, 32 / 3, 29 / 3, None, None, 12, 28 / 3]),
    ("REGBETA(FILTER(CLOSE,CLOSE>9),FILTER(CLOSE*2,CLOSE>9),3)", "gtja191", [None, 0.5, 0.5, None, None, None, None]),
]


@pytest.mark.parametrize(("text", "name", "expected"), EXPECTED, ids=[f"{name}: {text}" for text, name, _ in EXPECTED])
def test_functions_are_those_of_the_dialect(text, name, expected):
    """Reckoned by hand, with a hole: it is passed over by qlib's windows, and makes those of the others undefined."""
    assert near(values(text, name), expected)
