"""An explained bar as text: the values in a column, and beside them the formula's tree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .matching import ExplainedPart, MatchExplanation

UNDEFINED: Final = "undefined"
EPOCH: Final = date(1970, 1, 1)
LARGE: Final = 1e6
"""From here on decimals say nothing."""


def told(explanation: MatchExplanation) -> str:
    """What happened, the candle, and the tree."""
    values = [*lines(explanation.tree)]
    width = max(len(value) for value, _ in values)
    verdict = VERDICTS.get(explanation.value) if isinstance(explanation.value, bool | None) else None
    head = f"{explanation.symbol} {explanation.ts}: {verdict or explanation.tree.shown}"
    settings = [f"{name} = {shown_value(value)}" for name, value in explanation.parameters.items()]
    candle = "  ".join(f"{name} {shown_value(value)}" for name, value in explanation.candle.items())
    facts = [head, *([f"with {', '.join(settings)}"] if settings else []), *([candle] if candle else []), ""]
    return "\n".join([*facts, *(f"{value:<{width}}  {text}" for value, text in values)])


VERDICTS: Final = {True: "a match", False: "no match", None: "no match: the formula is undefined there"}


def lines(part: ExplainedPart, depth: int = 0) -> Iterator[tuple[str, str]]:
    """The value and the text of each part, those of children further in."""
    stands_for = f" = {part.definition}" if part.definition else ""
    where = f"  ({part.where})" if part.where else ""
    yield part.shown, f"{'  ' * depth}{part.text}{stands_for}{where}"
    for child in part.children:
        yield from lines(child, depth + 1)


def shown_value(value: float | bool | str | None, kind: str = "number") -> str:
    """A value as people read it.

    >>> shown_value(None), shown_value(True), shown_value(1234567.8), shown_value(16834.0, "date")
    ('undefined', 'true', '1,234,568', '2016-02-03')
    """
    match value:
        case None:
            return UNDEFINED
        case bool():
            return str(value).lower()
        case str():
            return value
    if kind == "date":
        return (EPOCH + timedelta(days=value)).isoformat()
    if kind == "time":
        seconds = round(value * 60)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}" + (f":{seconds % 60:02}" if seconds % 60 else "")
    return f"{value:,.0f}" if abs(value) >= LARGE else f"{value:,.6g}"
