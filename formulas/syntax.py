"""The syntax tree: what a formula says, before anyone asks what it means.

Nodes are frozen and carry the place (`span`) of their text, so that every later error can point at it.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from .freezing import frozen


class Span(NamedTuple):
    """A stretch of the source: offsets into the text as the user wrote it, end excluded."""

    start: int
    end: int


@frozen
class Number:
    """A numeric literal: 2, 2.5, .5, 1e6, 1_000_000."""

    value: float
    span: Span


@frozen
class Text:
    """A text literal without its quotes."""

    value: str
    span: Span


@frozen
class Boolean:
    """`true` or `false`."""

    value: bool
    span: Span


@frozen
class Missing:
    """The literal `na`: the undefined value."""

    span: Span


@frozen
class Name:
    """A series, column, parameter or named value, as written (case kept)."""

    name: str
    span: Span


@frozen
class Unary:
    """`-x`, `+x` or `not x`."""

    operator: str
    operand: Expression
    span: Span


@frozen
class Binary:
    """Arithmetic or logic on two operands; operator is one of + - * / ^ and or (`**` is read as ^)."""

    operator: str
    left: Expression
    right: Expression
    span: Span


@frozen
class Comparison:
    """A comparison or a chain of them: operands a, b, c with operators <, <= say a < b and b <= c."""

    operands: tuple[Expression, ...]
    operators: tuple[str, ...]
    span: Span


@frozen
class Membership:
    """`x in [a, b, c]`."""

    operand: Expression
    options: tuple[Expression, ...]
    span: Span


@frozen
class Conditional:
    """`condition ? then : otherwise`."""

    condition: Expression
    then: Expression
    otherwise: Expression
    span: Span


@frozen
class Argument:
    """One argument of a call; `name` is None where it is given by position."""

    name: str | None
    value: Expression
    span: Span


@frozen
class Call:
    """`name(arguments)`; a dotted name (`talib.cmo`) is of a dialect's library. `name_span` is the name alone."""

    name: str
    arguments: tuple[Argument, ...]
    name_span: Span
    span: Span


@frozen
class Output:
    """`operand.output`: one of several outputs; `output_span` is the output's name alone."""

    operand: Expression
    output: str
    output_span: Span
    span: Span


@frozen
class History:
    """`operand[offset]`: the value `offset` bars ago."""

    operand: Expression
    offset: Expression
    span: Span


@frozen
class Record:
    """`(upper = a, lower = b)`: several named outputs, the result of a definition's block."""

    names: tuple[Name, ...]
    values: tuple[Expression, ...]
    span: Span


Expression: TypeAlias = (
    Number
    | Text
    | Boolean
    | Missing
    | Name
    | Unary
    | Binary
    | Comparison
    | Membership
    | Conditional
    | Call
    | Output
    | History
    | Record
)


@frozen
class Assignment:
    """`name = value`, or `a, b, c = value` for several outputs."""

    names: tuple[Name, ...]
    value: Expression
    span: Span


@frozen
class Parameter:
    """`param length = 14 in 2..200 step 2`, or `param side = "long" in ["long", "short"]`.

    `low`, `high`, `step` and `options` are None where they were not written.
    """

    name: Name
    default: Expression
    low: Expression | None
    high: Expression | None
    step: Expression | None
    options: tuple[Expression, ...] | None
    span: Span


@frozen
class DefinitionParameter:
    """One parameter of a `def`, with its default where it has one."""

    name: Name
    default: Expression | None
    span: Span


@frozen
class Definition:
    """`def name(parameters) = result`, or with a block of assignments ahead of the result.

    `doc` is the text of the comment lines directly above the definition.
    """

    name: Name
    parameters: tuple[DefinitionParameter, ...]
    body: tuple[Assignment, ...]
    result: Expression
    doc: str
    span: Span


Statement: TypeAlias = Assignment | Parameter | Definition


@frozen
class Formula:
    """A whole formula: statements, then the result. An assignment at the end is a statement and its name the result."""

    statements: tuple[Statement, ...]
    result: Expression
    source: str


@frozen
class Library:
    """A file of definitions."""

    definitions: tuple[Definition, ...]
    source: str
    path: str
