"""What each form of the language becomes: trees in a short notation, and spans that are the text."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from barsweep.errors import FormulaError
from barsweep.formulas import syntax
from barsweep.formulas.limits import LONGEST_TEXT
from barsweep.formulas.parse.parsing import parse, parse_library


def tree(node: Any) -> str:
    """Write a node with every bracket that its structure has."""
    match node:
        case syntax.Number():
            return f"{node.value:g}"
        case syntax.Text():
            return repr(node.value)
        case syntax.Boolean():
            return str(node.value).lower()
        case syntax.Missing():
            return "na"
        case syntax.Name():
            return node.name
        case syntax.Unary():
            return f"({node.operator} {tree(node.operand)})"
        case syntax.Binary():
            return f"({tree(node.left)} {node.operator} {tree(node.right)})"
        case syntax.Comparison():
            rest = (f" {sign} {tree(operand)}" for sign, operand in zip(node.operators, node.operands[1:], strict=True))
            return f"({tree(node.operands[0])}{''.join(rest)})"
        case syntax.Membership():
            return f"({tree(node.operand)} in [{listed(node.options)}])"
        case syntax.Conditional():
            return f"({tree(node.condition)} ? {tree(node.then)} : {tree(node.otherwise)})"
        case syntax.Call():
            return f"{node.name}({listed(node.arguments)})"
        case syntax.Argument():
            return f"{node.name}={tree(node.value)}" if node.name else tree(node.value)
        case syntax.Output():
            return f"{tree(node.operand)}.{node.output}"
        case syntax.History():
            return f"{tree(node.operand)}[{tree(node.offset)}]"
        case syntax.Record():
            pairs = zip(node.names, node.values, strict=True)
            return "(" + ", ".join(f"{name.name} = {tree(value)}" for name, value in pairs) + ")"
        case syntax.Assignment():
            return f"{listed(node.names)} = {tree(node.value)}"
        case syntax.Parameter():
            bounds = f" in {tree(node.low)}..{tree(node.high)}" if node.low and node.high else ""
            step = f" step {tree(node.step)}" if node.step else ""
            options = f" in [{listed(node.options)}]" if node.options else ""
            return f"param {node.name.name} = {tree(node.default)}{bounds}{step}{options}"
        case syntax.DefinitionParameter():
            return f"{node.name.name} = {tree(node.default)}" if node.default else node.name.name
        case syntax.Definition():
            lines = "; ".join([*map(tree, node.body), tree(node.result)])
            return f"def {node.name.name}({listed(node.parameters)}) {{ {lines} }}"
        case _:
            raise AssertionError(node)


def listed(nodes: Any) -> str:
    return ", ".join(map(tree, nodes))


def whole(source: str) -> str:
    formula = parse(source)
    return " | ".join([*map(tree, formula.statements), tree(formula.result)])


def children(node: Any) -> list[Any]:
    values = [getattr(node, field.name) for field in fields(node)]
    flat = [one for value in values for one in (value if isinstance(value, tuple) else (value,))]
    return [one for one in flat if hasattr(one, "span")]


def descendants(node: Any) -> list[Any]:
    return [node, *(below for child in children(node) for below in descendants(child))]


EXPRESSIONS = [
    # literals
    ("1_000_000", "1e+06"),
    (".5 + 2. + 1.5e-3", "((0.5 + 2) + 0.0015)"),
    ("'SPY' == \"it's\"", "('SPY' == \"it's\")"),
    ("True and FALSE or Na", "((true and false) or na)"),
    # precedence and association
    ("a + b * c", "(a + (b * c))"),
    ("a - b - c", "((a - b) - c)"),
    ("a / b * c", "((a / b) * c)"),
    ("a * -b", "(a * (- b))"),
    ("- -a", "(- (- a))"),
    ("a ** 2 + b ^ -1", "((a ^ 2) + (b ^ (- 1)))"),
    ("(-a) ^ b", "((- a) ^ b)"),
    ("-(a ^ b)", "(- (a ^ b))"),
    ("(a ^ b) ^ c", "((a ^ b) ^ c)"),
    ("-a[1]", "(- a[1])"),
    ("a or b and not c", "(a or (b and (not c)))"),
    ("not a > b", "(not (a > b))"),
    ("NOT a AND b", "((not a) and b)"),
    ("a and b and c", "((a and b) and c)"),
    ("a > b + 1", "(a > (b + 1))"),
    ("a > b and c < d or e", "(((a > b) and (c < d)) or e)"),
    # comparisons
    ("20 < rsi(close) <= 30", "(20 < rsi(close) <= 30)"),
    ("a > b >= c", "(a > b >= c)"),
    ("a == b == c", "(a == b == c)"),
    ("(a < b) == (c > d)", "((a < b) == (c > d))"),
    ('sector in ["Tech", "Energy"] and x in [1, -2]', "((sector in ['Tech', 'Energy']) and (x in [1, (- 2)]))"),
    # choice
    ("a ? b : c", "(a ? b : c)"),
    ("a ? b : c ? d : e", "(a ? b : (c ? d : e))"),
    ("a ? b ? c : d : e", "(a ? (b ? c : d) : e)"),
    ("a > 1 or b ? c + 1 : d and e", "(((a > 1) or b) ? (c + 1) : (d and e))"),
    ("if(a, b, c)", "if(a, b, c)"),
    # calls, outputs, history
    ("bbands(close, n=20, k = 2).upper[1]", "bbands(close, n=20, k=2).upper[1]"),
    ("sar(start=0.02, step=0.02, max=0.2)", "sar(start=0.02, step=0.02, max=0.2)"),
    ("obv()", "obv()"),
    ("talib.cmo(close, 14) > my.own.cmo(close)", "(talib.cmo(close, 14) > my.own.cmo(close))"),
    ("m.signal > macd (close) .signal", "(m.signal > macd(close).signal)"),
    ("x[n * 2 + 1][1]", "x[((n * 2) + 1)][1]"),
    ("(a + b)[1]", "(a + b)[1]"),
    ("count(close = open, 3)", "count(close=open, 3)"),
    ('timeframe("1w", close > sma(close, 10))', "timeframe('1w', (close > sma(close, 10)))"),
    ('symbol("SPY", close)[1]', "symbol('SPY', close)[1]"),
    ("at_least(3, a, b > c, d)", "at_least(3, a, (b > c), d)"),
    # look-alikes and other scripts
    ("close≥open and a≠b and c≤d", "(((close >= open) and (a != b)) and (c <= d))"),
    ("close＞sma（close，２０）", "(close > sma(close, 20))"),
    ("\ufeffa\u00a0− b × c ÷ d", "(a - ((b * c) / d))"),
    ("a – b\u200b > “x y” ", "((a - b) > 'x y')"),
    ("name == '，（'", "(name == '，（')"),
    ("Größe > कीमत + 收盘价", "(Größe > (कीमत + 收盘价))"),
    ("((((a))))", "a"),
]


@pytest.mark.parametrize(("source", "expected"), EXPRESSIONS)
def test_expressions(source: str, expected: str) -> None:
    assert expected == whole(source)


FORMULAS = [
    ("a = 3; b", "a = 3 | b"),
    ("a = 3;;\n\n ; b ;\n", "a = 3 | b"),
    ("fast = ema(close, 12)  # twelve\n# all of it\nfast > close", "fast = ema(close, 12) | (fast > close)"),
    ("up = close > open", "up = (close > open) | up"),
    ("rsi = rsi(close, 14)\nrsi < 30", "rsi = rsi(close, 14) | (rsi < 30)"),
    ("line, signal, hist = macd(close)\nhist > 0", "line, signal, hist = macd(close) | (hist > 0)"),
    ("a =\n 3 +\n 4\na", "a = (3 + 4) | a"),
    ("a\nand b\nOR c", "((a and b) or c)"),
    ("a\n\n# why\n  > b", "(a > b)"),
    ("a\n? b\n: c\n? d\n: e", "(a ? b : (c ? d : e))"),
    ("sector\nin ['a',\n'b']", "(sector in ['a', 'b'])"),
    ("max(\n  a\n  + b,\n  - c\n)", "max((a + b), (- c))"),
    ("(a\n\n and b)", "(a and b)"),
    ("-a > 2", "((- a) > 2)"),
    ("x = 1; -x", "x = 1 | (- x)"),
    ("a\r\nand b\r\n", "(a and b)"),
    # param
    ("param n = 14\nn", "param n = 14 | n"),
    ("PARAM n = -5 in -10..10 step 0.5; n", "param n = (- 5) in (- 10)..10 step 0.5 | n"),
    ("param n = 14 in 2 .. 200\nn", "param n = 14 in 2..200 | n"),
    ("param step = 2\nparam k = step in 1..9 step step\nstep",
     "param step = 2 | param k = step in 1..9 step step | step"),
    ('param side = "long" in ["long", "short"]\nside == "long"',
     "param side = 'long' in ['long', 'short'] | (side == 'long')"),
    ("param flag = true\nflag", "param flag = true | flag"),
    # def
    ("def f(x) = x * 2\nf(1)", "def f(x) { (x * 2) } | f(1)"),
    ("def f() = 2; f()", "def f() { 2 } | f()"),
    ("def f(x = close, n = 14)\n{\n  a = x[n]\n\n  b = a; c = b\n  a\n  or b\n}\nf()",
     "def f(x = close, n = 14) { a = x[n]; b = a; c = b; (a or b) } | f()"),
    ("def f(x) { y = x }\nf(1)", "def f(x) { y = x; y } | f(1)"),
    ("def f(x) { m = x * 2; (mid = m, top = m + 1) }\nf(1).top",
     "def f(x) { m = (x * 2); (mid = m, top = (m + 1)) } | f(1).top"),
    ("def f(x) = (only = x)\nf(1).only", "def f(x) { (only = x) } | f(1).only"),
    ("def f(x) {\n  -x\n}\nf(1)", "def f(x) { (- x) } | f(1)"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), FORMULAS)
def test_formulas(source: str, expected: str) -> None:
    assert expected == whole(source)


@pytest.mark.parametrize("source", [source for source, _ in EXPRESSIONS + FORMULAS])
def test_every_span_is_its_text(source: str) -> None:
    """An expression's stretch of the source, read alone, is that expression."""
    formula = parse(source)
    for root in (*formula.statements, formula.result):
        for node in descendants(root):
            text = source[node.span.start : node.span.end]
            assert text == text.strip()
            if isinstance(node, syntax.Expression) and not isinstance(node, syntax.Record):
                assert tree(node) == tree(parse(f"({text})").result)
            if isinstance(node, syntax.Call):
                assert node.name == source[node.name_span.start : node.name_span.end]
            if isinstance(node, syntax.Output):
                assert node.output == source[node.output_span.start : node.output_span.end]


def test_statement_spans() -> None:
    source = "param n = 3 in 1..9 step 2 # c\ndef f(x) { x }\na, b = f(n)\na"
    texts = [source[one.span.start : one.span.end] for one in parse(source).statements]

    assert texts == ["param n = 3 in 1..9 step 2", "def f(x) { x }", "a, b = f(n)"]


def test_names_are_composed() -> None:
    """A letter typed as two code points is the same name."""
    assert tree(parse("cafe\u0301 > 1").result) == "(café > 1)"


def test_library_takes_docs_from_the_comments_above() -> None:
    source = (
        "# not this\n\n# Twice x.\n#   And more.\ndef f(x) = x * 2\n\ndef g(x) {\n  # nor this\n  x\n}  # nor that\n"
    )
    library = parse_library(source, "mine.formula")

    assert [(one.name.name, one.doc) for one in library.definitions] == [("f", "Twice x.\nAnd more."), ("g", "")]
    assert library.path == "mine.formula"
    assert library.source == source


def test_library_holds_definitions_only() -> None:
    with pytest.raises(FormulaError) as caught:
        parse_library("x = 3\ndef f(x) = x\nparam n = 2\n", "mine.formula")

    assert [problem.line for problem in caught.value.problems] == [1, 3]
    assert caught.value.message == "a library holds definitions only"


def test_an_empty_library_is_one() -> None:
    assert parse_library("# nothing yet\n", "mine.formula").definitions == ()


@pytest.mark.parametrize(
    "source",
    ["(" * 201 + "a" + ")" * 201, "-" * 201 + "a", "not " * 201 + "a", "+".join(["a"] * 202), "a ? b : " * 201 + "c",
     "a" + "[1]" * 201, "f(" * 201 + ")" * 201],
)  # fmt: skip
def test_nesting_is_bounded(source: str) -> None:
    with pytest.raises(FormulaError, match="nested more than 200 deep"):
        parse(source)


def test_nesting_up_to_the_bound_is_fine() -> None:
    assert tree(parse("(" * 200 + "a" + ")" * 200).result) == "a"
    assert tree(parse("-" * 199 + "a").result).startswith("(- (- (-")


def test_long_conditions_stay_shallow() -> None:
    """A list of a thousand conditions is no deep nesting, and keeps its order."""
    names = [f"a{number}" for number in range(1000)]
    result = tree(parse(" or ".join(names)).result)

    assert result.replace("(", "").replace(")", "") == " or ".join(names)


def test_length_is_bounded() -> None:
    assert tree(parse("a" + " " * (LONGEST_TEXT - 1)).result) == "a"
    with pytest.raises(FormulaError, match="too long: 100,001 characters"):
        parse("a" + " " * LONGEST_TEXT)
