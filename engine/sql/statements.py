"""A query read by DuckDB's own parser: its tree, its parameters, the table functions that it calls."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import duckdb

from ...errors import ProcessingEngineError, QueryError
from ...formulas.freezing import frozen
from ...formulas.syntax import Span
from .faults import CLOSED, fault, refused
from .texts import QueryText

Tree: TypeAlias = dict[str, Any]
Values: TypeAlias = Mapping[str, object] | Sequence[object]

OWN: Final = ("scan", "bars")
HARMLESS: Final = frozenset({"range", "generate_series", "unnest", "json_each", "json_tree", "repeat", "repeat_row"})
"""Table functions that read nothing but their arguments."""
NEVER: Final = frozenset(
    {
        *("arrow_scan", "arrow_scan_dumb", "python_arrow_scan", "pandas_scan", "seq_scan"),  # take addresses in memory
        *("python_map_function", "query", "json_execute_serialized_sql"),  # hide what they do
    }
)
LONGEST: Final = 1_000_000  # characters


@frozen
class Parameter:
    """A place of a query at which a value is put in; `name` is the number of one without a name."""

    name: str
    span: Span
    numbered: bool


@frozen(slots=False)
class Statement:
    """One SELECT, with the values of its parameters by name; those of `?` are called 1, 2, ..."""

    query: QueryText
    tree: Tree
    values: Mapping[str, object]

    @property
    def text(self) -> str:
        """The query as it was given."""
        return self.query.text

    def nodes(self) -> Iterator[Tree]:
        """Every node of the tree, in the order of the text as far as the tree has it."""
        return walked(self.tree)

    def parameters(self) -> list[Parameter]:
        """Every place at which a value is put in, in the order of the text."""
        found = list[Parameter]()
        for node in self.nodes():
            if node.get("class") == "PARAMETER":
                span = self.span(node)
                found.append(Parameter(node["identifier"], span, self.text[span.start] == "?"))
        return sorted(found, key=lambda parameter: parameter.span.start)

    def tables(self) -> set[str]:
        """The names of tables in it, in small letters."""
        return {
            str(n["table_name"]).lower() for n in self.nodes() if n.get("type") == "BASE_TABLE" and "table_name" in n
        }

    @property
    def shows(self) -> bool:
        """Whether it lists tables: SHOW TABLES."""
        return any(node.get("show_type") == "SHOW_SPECIAL" for node in self.nodes())

    def table(self, shown: str) -> Span:
        """Where the first table stands that has such a name; the whole query if none has."""
        for node in self.nodes():
            if node.get("type") == "BASE_TABLE" and f'"{node.get("table_name")}"' in shown:
                return self.span(node)
        return Span(0, len(self.text))

    def left_values(self, taken: Sequence[Span]) -> Mapping[str, object] | list[object] | None:
        """The values that DuckDB puts in: those of parameters outside of what was taken out."""
        left = [p for p in self.parameters() if not any(span.start <= p.span.start < span.end for span in taken)]
        if not left:
            return None
        if left[0].numbered:
            return [self.values[parameter.name] for parameter in left]
        return {parameter.name: self.values[parameter.name] for parameter in left}

    def span(self, node: Tree) -> Span:
        """The place of a node."""
        return self.query.span(node.get("query_location", 0), node.get("query_location_length", 1))


def walked(tree: object) -> Iterator[Tree]:
    """Every node of what DuckDB tells as JSON, a statement or a plan, each before those inside it."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(reversed(node.values()))
        elif isinstance(node, list):
            waiting.extend(reversed(node))


def read_statement(text: object, values: Values | None, parser: duckdb.DuckDBPyConnection) -> Statement:
    """Parse one SELECT. Raises QueryError for everything else, and for parameters without a value."""
    if not isinstance(text, str):
        raise ProcessingEngineError(f"a query is a text, {text!r} is none")
    if len(text) > LONGEST:
        raise ProcessingEngineError(f"the query has {len(text):,} characters, at most {LONGEST:,} are read")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ProcessingEngineError("the query holds half characters (lone surrogates): no text has them") from None
    query = QueryText(text)
    statement = Statement(query, _parsed(query, parser), _by_name(values))
    known = {parameter.name for parameter in statement.parameters()}
    for parameter in statement.parameters():
        if parameter.name not in statement.values:
            which = f"${parameter.name}" if not parameter.numbered else f"the {parameter.name}. ?"
            way = f'values={{"{parameter.name}": ...}}' if not parameter.name.isdigit() else "values=[...]"
            raise fault(text, parameter.span, f"there is no value for {which}", f"give it: {way}")
    unused = [name for name in statement.values if name not in known]
    if unused:
        raise ProcessingEngineError(f"values has {unused[0]!r}, but the query has no parameter ${unused[0]}")
    return statement


def _parsed(query: QueryText, parser: duckdb.DuckDBPyConnection) -> Tree:
    asked = "select json_serialize_sql($1, skip_default := true, skip_null := true, skip_empty := true)"
    try:
        cursor = parser.cursor()
        told = json.loads(cursor.execute(asked, [query.text]).fetchall()[0][0])
    except RecursionError:
        raise fault(query.text, Span(0, 1), "the query is nested too deeply", "cut it into WITH parts") from None
    if told["error"]:
        raise refused(told, query)
    statements: list[Tree] = told["statements"]
    if not statements:
        raise fault(query.text, Span(0, 1), "there is no query", "write SELECT ... FROM scan('...')")
    if len(statements) > 1:
        raise fault(query.text, query.second_statement(), "one SELECT is taken, this is a second statement")
    return statements[0]


def _by_name(values: Values | None) -> dict[str, object]:
    if values is None:
        return {}
    if isinstance(values, Mapping):
        return {str(name): value for name, value in values.items()}
    if isinstance(values, str | bytes) or not isinstance(values, Sequence):
        raise ProcessingEngineError(f'values is {values!r}; give {{"name": value}} for $name, or a list for ?')
    return {str(number): value for number, value in enumerate(values, 1)}


def assert_allowed(statement: Statement, *, external_access: bool) -> None:
    """Refuse table functions that read more than the query was given."""
    for node in statement.nodes():
        function = node.get("function")
        if node.get("type") == "TABLE_FUNCTION" and isinstance(function, dict):
            _assert_allowed(statement, node, str(function["function_name"]).lower(), external_access)


def _assert_allowed(statement: Statement, node: Tree, name: str, external_access: bool) -> None:
    if name in OWN or name in HARMLESS or (external_access and name not in NEVER):
        return
    span = statement.span(node)
    span = Span(span.start, min(span.end, span.start + len(name)))
    raise not_allowed(statement.text, span, name)


def not_allowed(text: str, span: Span, name: str) -> QueryError:
    """The error of a table function that may not be called."""
    if name in NEVER:
        return fault(text, span, f"the table function {name} is not allowed in a query")
    return fault(text, span, f"the table function {name} is not allowed: external access is off", CLOSED)
