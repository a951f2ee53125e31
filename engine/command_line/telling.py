"""A function of the language told in full: signature, documentation, outputs, history, an example, and its text."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import polars as pl

from ...data.samples import sample_candles
from ...errors import FormulaError
from ...formulas import Checked, Function, Language, LibraryFunction
from ..front import evaluate

ARGUMENTS: Final = ("close", "close > open", "open", "5", '"1mo"')
"""What may stand for an argument that must be given: a number, a condition, a second number, a constant, a span."""
LENGTHS: Final = ("weekday", *ARGUMENTS)
"""What may stand for a length: where it may differ from bar to bar, it does."""
LAST_BARS: Final = 3


def in_full(language: Language, function: Function) -> str:
    """Everything that is known of a function."""
    call = example_call(language, function)
    parts = [function.signature, function.doc, "\n".join(history_lines(language, function, call))]
    if call is not None:
        parts.append(f"example, the last bars of a made-up candle series\n  {example_lines([call])[0]}")
    others = same_name(language, function)
    if others:
        parts.append(f"other libraries have it too: {', '.join(others)}")
    if isinstance(function, LibraryFunction):
        parts.append(text_of(function))
    return "\n\n".join(part.strip() for part in parts if part.strip())


def text_of(function: LibraryFunction) -> str:
    """Its definition in the formula language."""
    span = function.definition.span
    return function.source[span.start : span.end]


def history_lines(language: Language, function: Function, call: str | None) -> list[str]:
    """Warm-up and reach of a call, for each output."""
    if call is None:
        return []
    if not function.outputs:
        return [history_of(language.check(call))]
    outputs = [f".{name}" for name in function.outputs]
    whole = call.rpartition(".")[0]
    width = max(map(len, outputs))
    return ["outputs", *(f"  {each:<{width}}  {history_of(language.check(whole + each))}" for each in outputs)]


def example_call(language: Language, function: Function) -> str | None:
    """A call with nothing given but what must be, of the first output; None where nothing that is tried fits."""
    output = f".{function.outputs[0]}" if function.outputs else ""
    if function.is_series:
        return function.name
    texts = [LENGTHS if name == "n" else ARGUMENTS for name in required(function)]
    for given in itertools.product(*texts):
        call = f"{function.name}({', '.join(given)}){output}"
        try:
            language.check(call)
        except FormulaError:  # not every guess at arguments is a call; the next one is tried
            continue
        return call
    return None


def example_lines(calls: Sequence[str]) -> list[str]:
    """Each call with its values at the last bars of the first of three made-up symbols."""
    candles = sample_candles(3, 300, defects=False)
    frame = evaluate({call: call for call in calls}, candles)
    last = frame.filter(pl.col("symbol") == frame["symbol"][0]).tail(LAST_BARS)
    return [f"{call}  ->  {', '.join(map(_shown, last[call]))}" for call in calls]


def _shown(value: float | bool | str | None) -> str:
    if value is None:
        return "undefined"
    return str(value).lower() if isinstance(value, bool | str) else f"{value:.6g}"


def same_name(language: Language, function: Function) -> list[str]:
    """Functions of other libraries that bear the name, and are not always the same."""
    own = function.name.rpartition(".")[2]
    names = [own, *(f"{library}.{own}" for library in sorted(language.functions.libraries))]
    return [name for name in names if name != function.name and name in language.functions]


def required(function: Function) -> list[str]:
    """The parameters that have no default."""
    if isinstance(function, LibraryFunction):
        return [parameter.name.name for parameter in function.definition.parameters if parameter.default is None]
    return [parameter.name for parameter in function.parameters if parameter.required]


def history_of(checked: Checked) -> str:
    """Warm-up and reach in words."""
    warmup = "depends on the calendar" if checked.warmup is None else bars(checked.warmup)
    reach = "all earlier bars" if checked.reach is None else bars(checked.reach)
    settled = f", settled after {bars(checked.settles)}" if checked.reach is None and checked.settles else ""
    return f"warm-up {warmup}; reach {reach}{settled}"


def bars(count: int) -> str:
    """So many bars."""
    return f"{count} bar" if count == 1 else f"{count} bars"
