"""Near misses: symbols that would match on the last bar if a single condition were otherwise."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping, Sequence
from dataclasses import field, replace

import polars as pl

from ...data.sessions import Session
from ...errors import FormulaError, Problem
from ...formulas.check.closeness import sides
from ...formulas.check.parts import Condition, Part, Parts, Role
from ...formulas.freezing import frozen
from ...formulas.kinds import Kind
from ...formulas.nodes import Constant, Node
from ..jobs import Bound, DateRange, Formula, Setting
from ..results import SymbolError, counted
from ..service import FormulaService
from ..values_engine import ValuesEngine
from .asking import ANY_AGE, asked_of
from .wording import shown_value

SHOWN = 40


@frozen
class NearMisses:
    """Symbols that lack one condition on the universe's last bar, the closest first.

    `frame` has symbol, ts, condition, left and right (the sides of a comparison, null of other conditions), distance:
    the gap between the sides in what it usually changes from one bar to the next (the mean change over the last 20
    bars). It is null, and the symbol stands at the end, where nothing can be measured. Where several conditions would
    do, the closest is named. `matches` counts symbols that lack none, `symbols` those that were looked at; `errors` has
    those that could not be.
    """

    frame: pl.DataFrame
    ts: object
    matches: int
    symbols: int
    errors: Mapping[str, SymbolError] = field(default_factory=dict)

    def __len__(self) -> int:
        return self.frame.height

    def __str__(self) -> str:
        head = f"{self.ts}: {counted(len(self), 'symbol')} of {self.symbols:,} {'lacks' if len(self) == 1 else 'lack'} "
        head += f"one condition, {self.matches:,} {'matches' if self.matches == 1 else 'match'}"
        rows = [_row(row) for row in self.frame.head(SHOWN).iter_rows(named=True)]
        if not rows:
            return head
        heading = ("symbol", "bars away", "condition", "now")
        widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]
        drawn = ["  ".join(f"{text:<{w}}" for text, w in zip(row, widths, strict=True)) for row in (heading, *rows)]
        more = [f"... and {len(self) - SHOWN:,} more"] if len(self) > SHOWN else []
        return "\n".join([head, "", *(line.rstrip() for line in drawn), *more])


def near_misses(
    formula: str | Formula,
    data: object,
    *,
    symbols: Sequence[str] | None = None,
    end: Bound | None = None,
    timeframe: str = "1d",
    parameters: Mapping[str, Setting] | None = None,
    executor: str = "auto",
    service: FormulaService | None = None,
    tables: Mapping[str, object] | None = None,
    session: Session | None = None,
    dialect: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> NearMisses:
    """Find the symbols that fail a single condition on the universe's last bar, sorted by how close they are.

    A condition is what `and`, `or`, `not` and `at_least` put together. One that is undefined is no near miss: nobody
    knows how far it is. `end` moves the last bar; the other arguments are those of `scan`. Raises FormulaError, also
    for a formula that is no condition, RepositoryError and ProcessingEngineError.

    >>> from datetime import date
    >>> bars = {"symbol": ["A", "B", "C"], "date": date(2024, 1, 1), "close": [1.0, 2.0, 3.0], "volume": [9, 9, 1]}
    >>> near_misses("close > 1.5 and volume > 5", pl.DataFrame(bars)).frame["condition"].to_list()
    ['close > 1.5', 'volume > 5']
    """
    options = {"timeframe": timeframe, "parameters": parameters, "executor": executor, "session": session}
    with asked_of(formula, data, service, tables, columns, dialect=dialect, symbols=symbols, **options) as asked:
        parts = asked.parts(distances=True)
        _assert_condition(parts)
        stale = ANY_AGE if parts.checked.across else None
        job = replace(asked.job, outputs="distances", latest=True, stale=stale, date_range=DateRange(None, end))
        with ValuesEngine(asked.repository, asked.service, tables=asked.tables) as engine:
            values, reading = engine.values(job)
    newest = values["ts"].max()
    values = values.filter(pl.col("ts") == pl.lit(newest, values.schema["ts"]))
    found = missed(parts, values)
    return NearMisses(found, newest, int(values[_name(parts, parts.whole)].sum()), values.height, reading.errors)


def missed(parts: Parts, values: pl.DataFrame) -> pl.DataFrame:
    """The rows of parts' values that one condition keeps from being a match."""
    columns = {node: values[name] for name, node in parts.columns.items()}
    candidates = [
        _lacking(condition, distance, parts, columns, values)
        for condition, distance in zip(parts.conditions, parts.distances, strict=True)
    ]
    rows = pl.concat(candidates).sort("distance", "symbol", nulls_last=True, maintain_order=True)
    return rows.unique("symbol", keep="first", maintain_order=True)


def _lacking(
    condition: Condition,
    distance: Node | None,
    parts: Parts,
    columns: Mapping[Node, pl.Series],
    values: pl.DataFrame,
) -> pl.DataFrame:
    """The rows that would match if this condition were what it has to be."""
    part, wanted = condition
    own = columns[part.node]
    otherwise = {**columns, part.node: pl.repeat(wanted, values.height, dtype=pl.Boolean, eager=True)}
    lacking = (own != wanted) & _truth(parts.whole, otherwise) & (columns[parts.whole.node] != True)  # noqa: E712
    left, right = sides(part.node) or (None, None)
    return values.select(
        "symbol",
        "ts",
        condition=pl.lit(condition.text),
        left=_number(left, columns),
        right=_number(right, columns),
        distance=_number(distance, columns),
    ).filter(lacking)


def _number(node: Node | None, columns: Mapping[Node, pl.Series]) -> pl.Series | pl.Expr:
    """The values of a number, where it is one and known."""
    if isinstance(node, Constant) and node.kind is Kind.NUMBER:
        return pl.lit(node.value, pl.Float64)
    if node is None or node not in columns or node.kind is not Kind.NUMBER:
        return pl.lit(None, pl.Float64)
    return columns[node]


def _truth(part: Part, columns: Mapping[Node, pl.Series]) -> pl.Series:
    """Whether a part is true, from the truth of the conditions below it."""
    if part.node in columns and not part.children:
        return columns[part.node]
    inner = [_truth(child, columns) for child in part.children]
    match part.role:
        case Role.ALL:
            return functools.reduce(operator.and_, inner)
        case Role.ANY:
            return functools.reduce(operator.or_, inner)
        case Role.NOT:
            return ~inner[0]
        case Role.AT_LEAST:
            return pl.select(pl.sum_horizontal(*(each.cast(pl.Int32) for each in inner)) >= part.needed).to_series()
        case _:
            return columns[part.node]


def _name(parts: Parts, part: Part) -> str:
    """The column of a part."""
    return next(name for name, node in parts.columns.items() if node is part.node)


def _assert_condition(parts: Parts) -> None:
    checked = parts.checked
    if checked.kind is not Kind.BOOLEAN:
        message, hint = (
            f"near misses need a condition, this formula gives a {checked.kind}",
            "compare it with something",
        )
        raise FormulaError([Problem.at(checked.source, 0, len(checked.source), message, hint)], checked.source)


def _row(row: Mapping[str, object]) -> tuple[str, str, str, str]:
    left, right, distance = (row[name] for name in ("left", "right", "distance"))
    away = "?" if not isinstance(distance, float) else f"{distance:.2f}"
    now = f"{shown_value(left)} to {shown_value(right)}" if left is not None else ""  # type: ignore[arg-type]
    return str(row["symbol"]), away, str(row["condition"]), now
