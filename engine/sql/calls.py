"""The calls of scan and bars in a query: their formulas with their places, and what else they are told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from ...errors import QueryError
from ...formulas.freezing import frozen
from ...formulas.syntax import Span
from ..jobs import Setting
from .faults import fault
from .statements import OWN, Statement, Tree
from .texts import letters

NAMED: Final = re.compile(r"\s*([^\W\d]\w*)\s*:(?!=)\s*")
OPTIONS: Final[Mapping[str, Mapping[str, type]]] = {
    "scan": {"dialect": str, "timeframe": str, "latest": bool, "stale": float},
    "bars": {"dialect": str, "timeframe": str},
}
SHOWN: Final = {
    "scan": "write scan('close > sma(close, 20)')",
    "bars": "write bars('rsi(close, 14)', 'mean: sma(close, 20)') or bars(mean := 'sma(close, 20)')",
}
KINDS: Final = {str: "a text", bool: "true or false", float: "a number"}


@frozen
class Argument:
    """A constant of a call. Of a text, `places` has where each letter stands, if that is known.

    `parameter` is the name of the parameter whose value it is.
    """

    name: str
    value: object
    span: Span
    places: Sequence[int] | None = None
    parameter: str = ""

    def behind(self, count: int) -> Argument:
        """The text without its first letters."""
        places = None if self.places is None else self.places[count:]
        return replace(self, value=str(self.value)[count:], places=places)


@frozen
class Call:
    """A call of scan or bars. `formulas` are its texts, those of bars under the names of their columns."""

    function: str
    span: Span
    aliased: bool
    formulas: tuple[Argument, ...]
    parameters: Mapping[str, Argument]
    options: Mapping[str, str | bool | float]


def find_calls(statement: Statement) -> list[Call]:
    """The calls of a query. Raises QueryError where one stands elsewhere than in FROM, or has arguments of no use."""
    found: dict[int, Call] = {}
    inside: set[int] = set()
    for node in statement.nodes():
        function = node.get("function")
        if node.get("type") == "TABLE_FUNCTION" and isinstance(function, dict):
            inside.add(id(function))
            if str(function["function_name"]).lower() in OWN:
                call = _call(statement, node, function)
                found[call.span.start] = call
        elif node.get("class") == "FUNCTION" and id(node) not in inside and node.get("function_name") in OWN:
            name = node["function_name"]
            raise fault(
                statement.text, statement.span(node), f"{name}(...) is a table", f"write it in FROM: {name}('...')"
            )
    return list(found.values())


def _call(statement: Statement, node: Tree, function: Tree) -> Call:
    name, span = str(function["function_name"]).lower(), statement.query.call(statement.span(node).start)
    if len(function.get("qualified_name", {}).get("path", [name])) > 1:
        raise fault(statement.text, span, f"{name} belongs to no schema", SHOWN[name])
    if "with_ordinality" in node:
        raise fault(statement.text, span, f"{name} has no ordinality", "use row_number() over (order by symbol, ts)")
    read = [_argument(statement, each, name) for each in function.get("arguments", [])]
    formulas, parameters, options = list[Argument](), dict[str, Argument](), dict[str, str | bool | float]()
    for argument in read:
        lower = argument.name.lower()
        if lower in OPTIONS[name]:
            options[lower] = _option(statement, argument, OPTIONS[name][lower])
        elif not argument.name:
            formulas.append(_formula(statement, argument, name))
        elif name == "bars" and isinstance(argument.value, str):
            formulas.append(argument)
        else:
            parameters[argument.name] = argument
    if name == "scan" and len(formulas) != 1:
        wrong = "scan needs a formula" if not formulas else "scan takes one formula"
        raise fault(statement.text, span, wrong, f"{SHOWN[name]}; several are several tables")
    return Call(name, span, bool(node.get("alias")), tuple(formulas), parameters, options)


def _formula(statement: Statement, argument: Argument, function: str) -> Argument:
    """A text without a name before it in the call; those of bars may begin with the name of the column."""
    if not isinstance(argument.value, str):
        shown = "NULL" if argument.value is None else repr(argument.value)
        raise fault(statement.text, argument.span, f"{function} takes formulas, {shown} is none", SHOWN[function])
    named = NAMED.match(argument.value) if function == "bars" else None
    return argument if named is None else replace(argument.behind(named.end()), name=named[1])


def _option(statement: Statement, argument: Argument, kind: type) -> str | bool | float:
    value = argument.value
    right = isinstance(value, int | float) and not isinstance(value, bool) if kind is float else isinstance(value, kind)
    if not right:
        raise fault(statement.text, argument.span, f"{argument.name} is {KINDS[kind]}, not {value!r}")
    assert isinstance(value, str | bool | int | float)
    return value


def _argument(statement: Statement, given: Tree, function: str) -> Argument:
    expression, name = given["expression"], str(given.get("name", ""))
    span = statement.span(expression)
    if expression.get("class") == "PARAMETER":
        identifier = expression["identifier"]
        return Argument(name, statement.values[identifier], span, parameter=identifier)
    if expression.get("class") == "CONSTANT" and expression["literal"]["kind"] == "STRING":
        text = str(expression["literal"].get("text", ""))
        return Argument(name, text, span, letters(statement.text[span.start : span.end], text, span.start))
    if expression.get("class") == "FUNCTION" and expression.get("function_name") == "list_value":
        each = [_constant(part["expression"]) for part in expression.get("arguments", [])]
        if None not in each:
            return Argument(name, each, span)
    elif (value := _constant(expression)) is not None or _is_null(expression):
        return Argument(name, value, span)
    raise _no_constant(statement, span, function)


def _constant(expression: Tree) -> Setting | None:
    """A number, truth or text that stands there as such."""
    literal = expression.get("literal", {}) if expression.get("class") == "CONSTANT" else {}
    text = str(literal.get("text", "")).replace("_", "")
    match literal.get("kind"):
        case "INTEGER":
            return int(text)
        case "NUMERIC":
            return float(text)
        case "BOOLEAN":
            return text == "true"
        case "STRING":
            return str(literal.get("text", ""))
        case _:
            return None


def _is_null(expression: Tree) -> bool:
    return bool(expression.get("literal", {}).get("kind") == "NULL_LITERAL")


def _no_constant(statement: Statement, span: Span, function: str) -> QueryError:
    hint = "formulas are planned before any row is read; a text of the caller's can be given as $formula, values={...}"
    return fault(statement.text, span, f"{function} takes constants: a table cannot depend on rows of another", hint)
