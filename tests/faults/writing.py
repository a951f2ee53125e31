"""Writing formulas at random: by each language's grammar and the functions' signatures, and by spoiling those.

Everything is drawn from one `random.Random`, so that a seed tells a text.
"""

import re
from functools import partial

from barsweep.formulas.declaring import Primitive
from barsweep.formulas.kinds import Flag, Kind, Real, Series, Span, Whole
from barsweep.formulas.language import Language
from barsweep.formulas.syntax import Boolean, Name

COLUMNS = ("open", "high", "low", "close", "volume", "vwap")
LENGTHS = ("1", "2", "3", "5", "14")
NUMBERS = (*LENGTHS, "0", "0.5", "1e6", "1_000", "2.", ".5", "-1", "100000", "100001", "1e308", "1e999")
TEXTS = ('"1w"', '"3d"', '"SPY"', '"Tech"', "'2024-01-03'", '"09:30"', '"1y"', '"9999y"', '""', "'; drop table x'")
ODD = ("\x00", "\ud800", "\u202e", "\ufeff", "\u00a0", "é\u0301", "，", "≥", "−", "\N{PILE OF POO}", "٣", "\x1b[31m")
WORDS = ("param", "def", "step", "in", "true", "false", "na", "and", "or", "not", "if(")
SIGNS = (*"+-*/^<>=,.?:;()[]{}#|&%$@'\"~!", "**", "<=", ">=", "==", "!=", "..", "&&", "||", "//", ":=", "<>")
TOKENS = re.compile(r"\s+|\w+(?:\.\w+)*|\"[^\"]*\"|'[^']*'|[<>=!*&|.]{2}|.", re.DOTALL)
FORMS = (
    'timeframe("1w", {})',
    'timeframe("3d", {}, forming=true)',
    'symbol("SPY", {})',
    "bars_where(close > 12, {})",
    'column("close") + {}',
)
CONDITIONS = ("close > open", "listed", 'sector == "Tech"', "true", "date >= '2024-01-03'")
NAMED = ("n=5", "max=20", "by=sector", "percent=true", "where=listed", "x=close")

FUNCTIONS = Language().functions
PLAIN = tuple(name for name in FUNCTIONS.plain if not FUNCTIONS[name].is_series)
DOTTED = tuple(
    f"{library}.{name.rpartition('.')[2]}" for library, names in FUNCTIONS.libraries.items() for name in names
)
FOREIGN_WORDS = ("if", "not", "mask", "min", "max", "count", "filter", "sumif", "gt", "and", "add")


def tokens(text):
    """The pieces of a text; together they are the text."""
    return TOKENS.findall(text)


def formula(draw, language=None):
    """A text that the grammar of a language allows, most calls with what their functions take."""
    if language is not None:
        return foreign(draw, language, draw.randint(1, 4))
    lines = [statement(draw, number) for number in range(draw.choice((0, 0, 1, 2, 4)))]
    result = draw.choice((condition, value))(draw, draw.randint(1, 4))
    return draw.choice(("\n", "; ", "\n\n")).join([*lines, result])


def statement(draw, number):
    """A param, a definition or a name; later expressions may use it, or a name that there is not."""
    kind, depth = draw.randrange(6), draw.randint(1, 3)
    if kind == 0:
        return f"param p{number} = {draw.choice(LENGTHS)}" + draw.choice(("", " in 1..50", " in 0..4 step 0.5"))
    if kind == 1:
        return f"def f{number}(x = close, n = {draw.choice(LENGTHS)}) = {value(draw, depth)}"
    if kind == 2:
        return f"def f{number}(x) {{\n  y = {value(draw, depth)}\n  (a = y, b = {value(draw, depth)})\n}}"
    if kind == 3:
        return f"a{number}, b{number}, c{number} = macd({value(draw, depth)})"
    return f"x{number} = {draw.choice((value, condition))(draw, depth)}"


def value(draw, depth):
    """An expression that may be a number."""
    if depth <= 0:
        odd = (*NUMBERS, "x", "n", "x0", "p0", "na", "hl2", "bar_index", "sector")
        return draw.choice(COLUMNS) if draw.random() < 0.7 else draw.choice(odd)
    inner = partial(value, draw, depth - draw.randint(1, 2))
    match draw.randrange(9):
        case 0 | 1:
            return f"({inner()} {draw.choice(('+', '-', '*', '/', '^'))} {inner()})"
        case 2:
            return f"({inner()})[{draw.choice(LENGTHS if draw.random() < 0.8 else NUMBERS)}]"
        case 3:
            return f"({condition(draw, depth - 1)} ? {inner()} : {inner()})"
        case 4:
            return draw.choice(FORMS).format(inner())
        case 5 if draw.random() < 0.3:
            return f"{inner()}.{draw.choice(('upper', 'line', 'signal', 'k', 'a', 'b'))}"
        case _:
            return call(draw, draw.choice(PLAIN if draw.random() < 0.7 else DOTTED), depth)


def condition(draw, depth):
    """An expression that may be true or false."""
    if depth <= 0:
        return draw.choice(CONDITIONS)
    inner, number = partial(condition, draw, depth - 1), partial(value, draw, depth - 1)
    match draw.randrange(6):
        case 0:
            return f"({inner()} {draw.choice(('and', 'or'))} {inner()})"
        case 1:
            return f"not ({inner()})"
        case 2:
            return f"({number()} in [{value(draw, 0)}, {draw.choice(NUMBERS)}])"
        case 3:
            return f"({number()} < {number()} <= {value(draw, 0)})"
        case _:
            return f"({number()} {draw.choice(('<', '<=', '>', '>=', '==', '!='))} {number()})"


def call(draw, name, depth):
    """A call with an argument for each parameter; now and then one too few, one too many, or another kind."""
    given = arguments(draw, FUNCTIONS[name], partial(value, draw), partial(condition, draw), depth - 1)
    if draw.random() < 0.15:
        given.append(draw.choice((*NAMED, *NUMBERS, *TEXTS)))
    output = f".{draw.choice(FUNCTIONS[name].outputs)}" if FUNCTIONS[name].outputs else ""
    return f"{name}({', '.join(given)}){output}"


def arguments(draw, function, number, truth, depth):
    """What a function's parameters take; those with a default may be left out."""
    given = []
    for parameter in function.parameters if isinstance(function, Primitive) else function.definition.parameters:
        if not isinstance(function, Primitive):
            default = parameter.default
            if default is not None and draw.random() < 0.4:
                break
            series = default is None or isinstance(default, Name)
            own = "true" if isinstance(default, Boolean) else draw.choice(LENGTHS)
            given.append(number(depth) if series and parameter.name.name not in {"n", "period"} else own)
            continue
        if not parameter.required and draw.random() < 0.4:
            break
        match parameter.accepts:
            case Series(kinds=kinds):
                wanted = truth if kinds == {Kind.BOOLEAN} else number
                given.append("sector" if Kind.NUMBER not in kinds and Kind.CATEGORY in kinds else wanted(depth))
            case Whole(least=least, most=most):
                given.append(str(draw.randint(least, min(most, least + 5))))
            case Real(least=least, most=most):
                given.append(f"{min(max(least, 0.5), most):g}")
            case Flag():
                given.append(draw.choice(("true", "false")))
            case Span():
                given.append(draw.choice(('"1w"', '"3d"', '"1mo"')))
    return given


def foreign(draw, language, depth):
    """An expression of another language: infix operators and calls of its library."""
    if depth <= 0:
        column = draw.choice(COLUMNS)
        named = {"qlib": f"${column}", "gtja191": column.upper()}.get(language, column)
        odd = (*NUMBERS, "adv20", "returns", "IndClass.sector", "SEQUENCE", '"SPY"')
        return named if draw.random() < 0.8 else draw.choice(odd)
    inner = partial(foreign, draw, language, depth - draw.randint(1, 2))
    match draw.randrange(6):
        case 0 | 1:
            shared = ("+", "-", "*", "/", "<", ">=", "==", "!=", "&" if language in {"qlib", "gtja191"} else "&&")
            odd = ("^", "**", "|", "||", "=", "&&", "&")
            return f"({inner()} {draw.choice(shared if draw.random() < 0.9 else odd)} {inner()})"
        case 2:
            return f"{draw.choice(('', '-', '!', '~'))}({inner()})"
        case 3 if language != "qlib":
            return f"({inner()} > {inner()} ? {inner()} : {inner()})"
        case _:
            return foreign_call(draw, language, depth)


def foreign_call(draw, language, depth):
    own = FUNCTIONS.libraries[language]
    number = partial(foreign, draw, language)
    if draw.random() < 0.2:
        name, given = draw.choice(FOREIGN_WORDS), [number(depth - 1) for _ in range(draw.randint(1, 3))]
    else:
        key = draw.choice(sorted(own))
        name, given = key.rpartition(".")[2], arguments(draw, own[key], number, number, depth - 1)
    return f"{name.upper() if language == 'gtja191' else name.capitalize()}({', '.join(given)})"


def spoiled(draw, text, language=None):
    """The text with a few of its pieces exchanged, doubled, taken out, or wrapped, and others put in."""
    pieces = tokens(text) or [""]
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        place, kind = draw.randrange(len(pieces)), draw.randrange(9)
        if kind == 0 and len(pieces) > 1:
            del pieces[place]
        elif kind == 1:
            pieces.insert(place, draw.choice(pieces))
        elif kind == 2:
            pieces[place] = draw.choice(pieces)
        elif kind == 3:
            pieces[place] = draw.choice((*NUMBERS, *TEXTS, *ODD))
        elif kind == 4:
            pieces.insert(place, f" {draw.choice((*SIGNS, *WORDS))} ")
        elif kind == 5:
            pieces[place] = draw.choice((*COLUMNS, *PLAIN, *DOTTED))
        elif kind == 6 or (kind == 7 and pieces[place].isalnum()):
            pieces[place] = f"({foreign(draw, language, 2) if language else value(draw, 2)})"
        else:
            end = draw.randint(place, min(len(pieces), place + 8))
            pieces[place:end] = pieces[place:end] * draw.choice((2, 3, 30))
    return "".join(pieces)
