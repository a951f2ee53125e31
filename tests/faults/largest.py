"""The largest formulas that are allowed, one for each bound of formulas/limits.py: `text(n)` has just n of it.

docs/language.md lists them in the same words.
"""

from collections.abc import Callable
from dataclasses import dataclass

from barsweep.formulas import limits


@dataclass(frozen=True)
class Bound:
    """A bound, how a formula comes to it, and what is said of one that goes beyond."""

    what: str
    most: int
    text: Callable[[int], str]
    message: str
    needs_others: bool = False  # symbols that the candles of the tests do not have


def lines(count, line, result="close > 1"):
    return "\n".join([*map(line, range(count)), result])


def nested_calls(count):
    chain = [f"def f{level}(x) = f{level - 1}(x) + 1" for level in range(1, count)]
    return "\n".join(["def f0(x) = x", *chain, f"f{count - 1}(close)"])


def steps(count):
    """A function of a thousand expressions, called as often as that fits, and a small one for the rest."""
    body = "\n".join(f"  a{place} = 1" for place in range(999))
    calls = [f"x{place} = large(close + {place})" for place in range(count // 1000)]
    calls += [f"y{place} = small({place})" for place in range(count % 1000)]
    return "\n".join([f"def large(x) {{\n{body}\n  x\n}}", "def small(n) = n", *calls, "close > 1"])


def parameters(count):
    return f"def f({', '.join(f'p{place} = {place}' for place in range(count))}) = p1\nf() < close"


def outputs(count):
    return f"def f(x) = ({', '.join(f'a{place} = x + {place}' for place in range(count))})\nf(close).a1"


def operations(count):
    """One maximum of a column and constants, each of which counts."""
    return f"max(close, {', '.join(map(str, range(count - 2)))})"


def depth(count):
    return "\n".join(["x0 = close", *(f"x{n} = sma(x{n - 1}, 2)" for n in range(1, count + 1)), f"x{count}"])


def windows(count):
    longest = limits.LONGEST_WINDOW
    terms = [f"(close + {place})[{longest}]" for place in range(count // longest)]
    return " + ".join([*terms, *([f"close[{count % longest}]"] if count % longest else [])])


BOUNDS = (
    Bound("characters of a text", limits.LONGEST_TEXT, "close > 1".ljust, "the formula is too long"),
    Bound(
        "levels of brackets, operators and calls",
        limits.DEEPEST_NESTING,
        lambda n: "-" * (n - 1) + "close",
        "nested more than 200 deep",
    ),
    Bound("functions of one's own within each other", limits.DEEPEST_CALLS, nested_calls, "too deeply or too often"),
    Bound("expressions read while functions are written out", limits.MOST_STEPS, steps, "too deeply or too often"),
    Bound("parameters of a function", limits.MOST_NAMES_OF_A_FUNCTION, parameters, "at most 100 parameters"),
    Bound("outputs of a function", limits.MOST_NAMES_OF_A_FUNCTION, outputs, "at most 100 outputs"),
    Bound(
        "different operations, constants and columns", limits.MOST_OPERATIONS, operations, "more than 10,000 operations"
    ),
    Bound("operations that stand on each other", limits.DEEPEST_PLAN, depth, "501 operations stand on each other"),
    Bound("bars of a window", limits.LONGEST_WINDOW, lambda n: f"sma(close, {n})", "from 1 to 100,000"),
    Bound("bars back", limits.LONGEST_WINDOW, lambda n: f"close[{n}]", "no further back than 100,000"),
    Bound("bars of all windows together", limits.LONGEST_WINDOWS, windows, "2,000,001 bars together"),
    Bound(
        "values reported",
        limits.MOST_VALUES,
        lambda n: lines(n, lambda i: f"x{i} = close + {i}"),
        "1,001 values to report",
    ),
    Bound(
        "evaluations on other rows",
        limits.MOST_LOOKS,
        lambda n: lines(n, lambda i: f'x{i} = timeframe("{i + 2}d", close)'),
        "other rows too often: 501 times",
    ),
    Bound(
        "forms within each other",
        limits.DEEPEST_FORMS,
        lambda n: "bars_where(close > 1, " * n + "close" + ")" * n,
        "at most 100 deep within each other",
    ),
    Bound(
        "other symbols",
        limits.MOST_SYMBOLS,
        lambda n: lines(n, lambda i: f'x{i} = symbol("S{i}", close)'),
        "more than 50 other symbols",
        needs_others=True,
    ),
    Bound(
        "minutes, hours, days ... of a timeframe",
        limits.MOST_UNITS,
        lambda n: f'timeframe("{n}d", close)',
        "is no timeframe",
    ),
)
