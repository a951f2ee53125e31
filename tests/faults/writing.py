"""Writing formulas at random: by each language's grammar, and by spoiling what was written.

Everything is drawn from one `random.Random`, so that a seed tells a text.
"""

import re

from barsweep.formulas.language import Language

COLUMNS = ("open", "high", "low", "close", "volume", "vwap", "sector", "listed")
NUMBERS = ("0", "1", "2", "3", "14", "20", "0.5", "1e6", "1_000", "2.", ".5", "-1", "100000", "100001", "1e308", "1e999")
TEXTS = ('"1w"', '"3d"', '"SPY"', '"Tech"', "'2024-01-03'", '"09:30"', '"1y"', '"9999y"', '""', "'; drop table x'")
ODD = ("\x00", "\ud800", "\u202e", "\ufeff", "\u00a0", "é\u0301", "，", "≥", "−", "\N{PILE OF POO}", "٣", "\x1b[31m")
STATEMENTS = ("param", "def", "step", "in", "true", "false", "na", "and", "or", "not", "if(")
SIGNS = tuple("+ - * / ^ ** < <= > >= == != = , . .. ? : ; ( ) [ ] { } # && || ! | & % // := <> $ @ ' \" ~".split())
TOKENS = re.compile(r"\s+|\w+(?:\.\w+)*|\"[^\"]*\"|'[^']*'|[<>=!*&|.]{2}|.", re.DOTALL)

FUNCTIONS = Language().functions
PLAIN = tuple(FUNCTIONS.plain)
FORMS = (
    'timeframe("1w", {})',
    'timeframe("3d", {}, forming=true)',
    'symbol("SPY", {})',
    "bars_where(close > 12, {})",
    'column("close") + {}',
)
CALLED = {
    library: tuple(name.rpartition(".")[2] for name in FUNCTIONS.libraries[library])
    for library in ("qlib", "alpha101", "alpha101_yli188", "gtja191")
}
DOTTED = tuple(f"{library}.{name}" for library, names in FUNCTIONS.libraries.items() for name in names)


def tokens(text):
    """The pieces of a text; together they are the text."""
    return TOKENS.findall(text)


def formula(draw, language=None):
    """A text that the grammar of a language allows; it may mean nothing."""
    if language is not None:
        return foreign(draw, language, draw.randint(1, 5))
    lines = [statement(draw, number) for number in range(draw.choice((0, 0, 1, 2, 4)))]
    return draw.choice(("\n", "; ", "\n\n")).join([*lines, condition(draw, draw.randint(1, 5))])


def statement(draw, number):
    kind, depth = draw.randrange(6), draw.randint(1, 4)
    if kind == 0:
        return f"param p{number} = {draw.choice(NUMBERS)}" + draw.choice(("", " in 1..50", " in 0..4 step 0.5", " in [1, 2]"))
    if kind == 1:
        return f"def f{number}(x = close, n = {draw.choice(NUMBERS)}) = {value(draw, depth)}"
    if kind == 2:
        return f"def f{number}(x) {{\n  y = {value(draw, depth)}\n  (a = y, b = {value(draw, depth)})\n}}"
    if kind == 3:
        return f"a{number}, b{number}, c{number} = macd({value(draw, depth)})"
    return f"x{number} = {draw.choice((value, condition))(draw, depth)}"


def value(draw, depth):
    """An expression that may be a number."""
    if depth <= 0:
        return draw.choice((*COLUMNS, *NUMBERS, "x", "n", "x0", "p0", "na", "hl2", "bar_index"))
    inner = lambda: value(draw, depth - draw.randint(1, 2))  # noqa: E731 - drawn anew each time
    match draw.randrange(9):
        case 0 | 1:
            return f"{inner()} {draw.choice(('+', '-', '*', '/', '^'))} {inner()}"
        case 2:
            return f"({inner()})"
        case 3:
            return f"{inner()}[{draw.choice(NUMBERS)}]"
        case 4:
            return f"({condition(draw, depth - 1)} ? {inner()} : {inner()})"
        case 5:
            return draw.choice(FORMS).format(inner())
        case 6:
            return f"{inner()}.{draw.choice(('upper', 'line', 'signal', 'k', 'a', 'b'))}"
        case _:
            name = draw.choice(PLAIN if draw.random() < 0.8 else DOTTED)
            given = [inner() if draw.random() < 0.6 else draw.choice((*NUMBERS, *TEXTS)) for _ in range(draw.randint(0, 4))]
            named = draw.choice(((), (), (), ("n=5",), ("max=20",), ("by=sector",), ("percent=true",), ("where=listed",)))
            return f"{name}({', '.join((*given, *named))})"


def condition(draw, depth):
    """An expression that may be true or false."""
    if depth <= 0:
        return draw.choice(("close > open", "listed", 'sector == "Tech"', "true", "date >= '2024-01-03'"))
    match draw.randrange(6):
        case 0:
            return f"{condition(draw, depth - 1)} {draw.choice(('and', 'or'))} {condition(draw, depth - 1)}"
        case 1:
            return f"not ({condition(draw, depth - 1)})"
        case 2:
            return f"{value(draw, depth - 1)} in [{value(draw, 0)}, {draw.choice(TEXTS)}]"
        case 3:
            return f"{value(draw, depth - 1)} < {value(draw, depth - 1)} <= {value(draw, 0)}"
        case _:
            return f"{value(draw, depth - 1)} {draw.choice(('<', '<=', '>', '>=', '==', '!='))} {value(draw, depth - 1)}"


def foreign(draw, language, depth):
    """An expression of another language: infix operators and calls."""
    if depth <= 0:
        column = draw.choice(COLUMNS[:6])
        named = {"qlib": f"${column}", "gtja191": column.upper()}.get(language, column)
        return draw.choice((named, named, draw.choice(NUMBERS), "adv20", "returns", "IndClass.sector", "SEQUENCE", '"SPY"'))
    inner = lambda: foreign(draw, language, depth - draw.randint(1, 2))  # noqa: E731 - drawn anew each time
    match draw.randrange(6):
        case 0 | 1:
            signs = ("+", "-", "*", "/", "^", "**", "<", ">=", "==", "!=", "&", "|", "&&", "||", "=")
            return f"{inner()} {draw.choice(signs)} {inner()}"
        case 2:
            return f"{draw.choice(('', '', '-', '!', '~'))}({inner()})"
        case 3 if language != "qlib":
            return f"({inner()} ? {inner()} : {inner()})"
        case _:
            name = draw.choice((*CALLED[language], "if", "not", "mask", "min", "max", "count", "filter", "sumif"))
            given = [inner() if draw.random() < 0.6 else draw.choice(NUMBERS) for _ in range(draw.randint(0, 4))]
            return f"{name.upper() if language == 'gtja191' else name.capitalize()}({', '.join(given)})"


def spoiled(draw, text, language=None):
    """The text with a few of its pieces exchanged, doubled, taken out, or wrapped, and others put in."""
    pieces = tokens(text) or [""]
    for _ in range(draw.choice((1, 1, 2, 4))):
        place, piece = draw.randrange(len(pieces)), draw.randrange(8)
        if piece == 0 and len(pieces) > 1:
            del pieces[place]
        elif piece == 1:
            pieces.insert(place, draw.choice(pieces))
        elif piece == 2:
            pieces[place] = draw.choice(pieces)
        elif piece == 3:
            pieces[place] = draw.choice((*NUMBERS, *TEXTS, *ODD))
        elif piece == 4:
            pieces.insert(place, f" {draw.choice((*SIGNS, *STATEMENTS))} ")
        elif piece == 5:
            pieces[place] = draw.choice((*COLUMNS, *PLAIN, *DOTTED))
        elif piece == 6:
            pieces[place] = f"({formula(draw, language) if language else value(draw, 2)})"
        else:
            end = draw.randint(place, min(len(pieces), place + 8))
            pieces[place:end] = pieces[place:end] * draw.choice((2, 3, 30))
    return "".join(pieces)
