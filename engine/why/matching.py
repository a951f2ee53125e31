"""One bar of one symbol explained: the formula's tree, with the value that each part has there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date, datetime
from typing import Any

import polars as pl

from ...data.sessions import Session
from ...errors import ProcessingEngineError
from ...formulas.check.parts import Part, Parts
from ...formulas.freezing import frozen
from ...formulas.kinds import Kind
from ...formulas.nodes import Node
from ...formulas.units import FREE, PURE, unit_of
from ..jobs import Bound, DateRange, Formula, Setting
from ..service import FormulaService
from .asking import ANY_AGE, Asked, asked_of
from .wording import shown_value, told


@frozen
class ExplainedPart:
    """One expression of a formula with its value on a bar, None where it is undefined.

    `text` is what is written and `definition` what a name in it stands for. `role` is "all" (of the children, by
    `and`), "any", "not", "at least" (`needed` of them), "comparison", "condition" or "value". `where` says on which
    other bars the part is looked at, "1 bar ago" for one. `kind` is "number", "boolean", "category", "date" or "time",
    `unit` what a number measures.
    """

    text: str
    role: str
    value: float | bool | str | None
    kind: str
    unit: str = ""
    definition: str = ""
    where: str = ""
    needed: int = 0
    children: tuple[ExplainedPart, ...] = ()

    @property
    def shown(self) -> str:
        """The value as people read it."""
        return shown_value(self.value, self.kind)

    def walk(self) -> Iterator[ExplainedPart]:
        """This part and those below it, each before its children."""
        yield self
        for child in self.children:
            yield from child.walk()


@frozen
class MatchExplanation:
    """Why a formula is what it is on one bar. Print it, or read its parts.

    `value` is the formula's own: True on a match, None where it is undefined. `candle` has the bar's fields, `tree` the
    formula's parts, `conditions` those that decide, with what each has to be.
    """

    symbol: str
    ts: date | datetime
    formula: str
    value: float | bool | str | None
    candle: Mapping[str, float | None]
    tree: ExplainedPart
    conditions: tuple[tuple[ExplainedPart, bool], ...] = field(repr=False)
    parameters: Mapping[str, Setting] = field(default_factory=dict)

    @property
    def matches(self) -> bool:
        """Whether the bar is a match."""
        return self.value is True

    @property
    def failing(self) -> tuple[ExplainedPart, ...]:
        """The conditions that are not as they have to be."""
        return tuple(part for part, wanted in self.conditions if part.value is not wanted)

    def __str__(self) -> str:
        return told(self)


def explain_match(
    formula: str | Formula,
    data: object,
    symbol: str,
    ts: Bound | None = None,
    *,
    symbols: Sequence[str] | None = None,
    timeframe: str = "1d",
    parameters: Mapping[str, Setting] | None = None,
    executor: str = "auto",
    service: FormulaService | None = None,
    tables: Mapping[str, object] | None = None,
    session: Session | None = None,
    dialect: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> MatchExplanation:
    """Show why a formula is true on a bar, or is not: its parts with their values there.

    `ts` is the bar's date or time; None is the symbol's last bar. `symbols` are those among which a formula ranks, None
    means all. The other arguments are those of `scan`. Raises FormulaError, RepositoryError, and ProcessingEngineError
    where there is no such bar; the message names the nearest ones.

    >>> import polars as pl
    >>> days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 1, 3), eager=True)
    >>> frame = pl.DataFrame({"symbol": "A", "date": days, "close": [1.0, 2.0, 4.0], "volume": [9, 9, 5]})
    >>> print(explain_match("close > sma(close, 2) and volume > 8", frame, "A"))
    A 2024-01-03: no match
    close 4  volume 5
    <BLANKLINE>
    false  close > sma(close, 2) and volume > 8
    true     close > sma(close, 2)
    4          close
    3          sma(close, 2)
    false    volume > 8
    5          volume
    """
    options = {"timeframe": timeframe, "parameters": parameters, "executor": executor, "session": session}
    with asked_of(formula, data, service, tables, columns, dialect=dialect, symbols=symbols, **options) as asked:
        parts = asked.parts()
        values = _bar(asked.values(**_range(asked, parts, symbol, symbols, ts)), asked, symbol, ts)
        moment = values["ts"]
        candle = _bar(asked.candles(symbols=[symbol], date_range=asked.bars_at(moment)), asked, symbol, moment)
        return explained(parts, values, candle)


def explained(parts: Parts, values: Mapping[str, Any], candle: Mapping[str, Any]) -> MatchExplanation:
    """The explanation of a bar whose parts have these values, in a row of symbol, ts and `parts.columns`."""
    names = {node: name for name, node in parts.columns.items()}

    def valued(part: Part) -> ExplainedPart:
        children = tuple(map(valued, part.children))
        described = (part.definition, part.where, part.needed, children)
        kind = part.node.kind.value
        return ExplainedPart(part.text, part.role.value, values[names[part.node]], kind, unit(part.node), *described)

    conditions = tuple((valued(condition.part), condition.wanted) for condition in parts.conditions)
    tree = valued(parts.whole)
    fields = {name: value for name, value in candle.items() if name not in {"symbol", "ts"}}
    own = parts.checked
    return MatchExplanation(
        values["symbol"], values["ts"], own.source, tree.value, fields, tree, conditions, own.parameters
    )


def unit(node: Node) -> str:
    """What a number measures, in a word or two; empty where nothing is known."""
    found = unit_of(node) if node.kind is Kind.NUMBER else None
    return "" if found in {None, FREE, PURE} else str(found).removeprefix("a ")


def _range(asked: Asked, parts: Parts, symbol: str, symbols: Sequence[str] | None, ts: Bound | None) -> dict[str, Any]:
    """Which bars to look at: one of one symbol, unless the formula ranks."""
    among = {"symbols": symbols if parts.checked.across else [symbol]}
    if ts is None:
        return {**among, "latest": True, "stale": ANY_AGE}
    return {**among, "date_range": asked.bars_at(ts)}


def _bar(frame: pl.DataFrame, asked: Asked, symbol: str, ts: Bound | None) -> dict[str, Any]:
    """The row of the one bar that was asked for."""
    found = frame.filter(pl.col("symbol") == symbol)
    if found.height == 1:
        return found.row(0, named=True)
    if found.is_empty():
        raise ProcessingEngineError(_no_bar(asked, symbol, ts))
    first, last = (str(found["ts"][place]) for place in (0, -1))
    message = f"{symbol} has {found.height} bars on {ts}, from {first} to {last}: say which, by its time"
    raise ProcessingEngineError(message)


def _no_bar(asked: Asked, symbol: str, ts: Bound | None) -> str:
    """Why a bar is not there; raises what is wrong with the symbol, if that is it."""
    there = asked.candles(symbols=[symbol])["ts"]
    if ts is None:
        return f"{symbol} has no bars"
    before = asked.candles(symbols=[symbol], date_range=DateRange(None, ts))["ts"].max()
    after = there.filter(there > before).min() if before is not None else there.min()
    nearest = [str(each) for each in (before, after) if each is not None]
    return f"{symbol} has no bar at {ts}; the nearest {'are' if len(nearest) > 1 else 'is'} {' and '.join(nearest)}"
