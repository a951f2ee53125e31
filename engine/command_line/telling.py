"""A function of the language told in full: signature, documentation, outputs, history, and its text if it has one."""

from __future__ import annotations

from ...errors import FormulaError
from ...formulas import Checked, Function, Language, LibraryFunction

SERIES = ("close", "close > open")  # stand in for series that must be given: a number, a condition


def in_full(language: Language, function: Function) -> str:
    """Everything that is known of a function."""
    parts = [function.signature, function.doc, "\n".join(history_lines(language, function))]
    if isinstance(function, LibraryFunction):
        span = function.definition.span
        parts.append(function.source[span.start : span.end])
    return "\n\n".join(part.strip() for part in parts if part.strip())


def history_lines(language: Language, function: Function) -> list[str]:
    """Warm-up and reach at the defaults, for each output; none where a constant has no default."""
    if not function.outputs:
        checked = at_defaults(language, function, "")
        return [] if checked is None else [history_of(checked)]
    outputs = [f".{name}" for name in function.outputs]
    width = max(map(len, outputs))
    found = [(output, at_defaults(language, function, output)) for output in outputs]
    return ["outputs", *(f"  {output:<{width}}  {history_of(checked) if checked else ''}" for output, checked in found)]


def at_defaults(language: Language, function: Function, output: str) -> Checked | None:
    """The call checked, with nothing given but the series that must be; None if more is needed."""
    for series in SERIES:
        given = ", ".join([series] * required(function))
        call = function.name if function.is_series else f"{function.name}({given})"
        try:
            return language.check(call + output)
        except FormulaError:
            continue  # it wants a series of the other kind, or a constant that only its user knows
    return None


def required(function: Function) -> int:
    """How many arguments have no default."""
    if isinstance(function, LibraryFunction):
        return sum(parameter.default is None for parameter in function.definition.parameters)
    return sum(parameter.required for parameter in function.parameters)


def history_of(checked: Checked) -> str:
    """Warm-up and reach in words."""
    warmup = "depends on the calendar" if checked.warmup is None else bars(checked.warmup)
    return f"warm-up {warmup}; reach {'all earlier bars' if checked.reach is None else bars(checked.reach)}"


def bars(count: int) -> str:
    """So many bars."""
    return f"{count} bar" if count == 1 else f"{count} bars"
