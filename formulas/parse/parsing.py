"""Source text to syntax tree.

1. reading.py cuts the characters into tokens; 2. brackets.py and statements.py cut the tokens into statements;
3. automaton.py parses each statement by grammar.lark, and building.py makes its nodes; where that fails, wording.py
says why; 4. here the statements become a Formula or a Library.
Each step gathers its faults; one error at the end carries them all, in the order of the source.
"""

from __future__ import annotations

import bisect
import functools
import itertools
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from ...errors import FormulaError, Problem
from ..limits import DEEPEST_NESTING, LONGEST_TEXT, MOST_PROBLEMS
from ..syntax import (
    Argument,
    Assignment,
    Definition,
    DefinitionParameter,
    Expression,
    Formula,
    Library,
    Parameter,
    Record,
    Statement,
)
from .automaton import Automaton, Unexpected, make_automaton
from .building import TreeBuilder, several_results, unused
from .reading import Fault, Token, plain, read_tokens
from .statements import Chunk, split_block, split_statements
from .wording import word_fault

HALF: Final = re.compile("[\ud800-\udfff]")
"""A surrogate: half of a character in UTF-16, and none of its own."""
_LOCK: Final = threading.Lock()  # the tree builder keeps the faults of the statement being parsed

Parsed: TypeAlias = Statement | Expression
Node: TypeAlias = Parsed | Argument | DefinitionParameter

Documented = TypeVar("Documented", bound=Statement)


def parse(source: str) -> Formula:
    """Parse a formula.

    >>> parse("close > sma(close, 20)").result.operators
    ('>',)

    Raises FormulaError with every syntax problem that could be told apart.
    """
    statements, faults = _parse_statements(source)
    if not faults:
        if not statements:
            faults.append(Fault(0, 0, "the formula is empty", "write a condition, such as close > open"))
        else:
            result = _find_result(statements, faults)
            if result is not None and not faults:
                kept = (one for one in statements if isinstance(one, Assignment | Parameter | Definition))
                return Formula(tuple(_with_docs(kept, source)), result, source)
    raise faulty(faults, source)


def parse_library(source: str, path: str) -> Library:
    """Parse a file of definitions; `path` is kept for messages. Raises FormulaError as `parse` does."""
    statements, faults = _parse_statements(source)
    for statement in statements:
        if not isinstance(statement, Definition):
            message = "a library holds definitions only"
            faults.append(Fault(statement.span.start, statement.span.end, message, "write def name(x) = value"))
    if faults:
        raise faulty(faults, source)
    definitions = [statement for statement in statements if isinstance(statement, Definition)]
    return Library(tuple(_with_docs(definitions, source)), source, path)


def _parse_statements(source: str) -> tuple[list[Parsed], list[Fault]]:
    assert_readable(source)
    tokens, faults = read_tokens(source)
    chunks, unjoined = split_statements(tokens)
    faults.extend(unjoined)
    places = sorted(fault.start for fault in faults)
    statements: list[Parsed] = []
    with _LOCK:
        for chunk in chunks:
            statement, found = _parse_chunk(chunk, places)
            faults.extend(found)
            if statement is not None:
                statements.append(statement)
    return statements, faults


def _parse_chunk(chunk: Chunk, places: Sequence[int]) -> tuple[Parsed | None, list[Fault]]:
    """Parse one statement. What follows from a fault that is already known (at `places`) is not reported again."""
    tokens = chunk.tokens
    if chunk.broken:
        return None, []
    start, end = tokens[0].start, tokens[-1].end
    known = bisect.bisect_left(places, start) < bisect.bisect_right(places, end)
    statement, faults = _parse_tokens(tokens)
    if statement is not None or not known:
        return statement, faults
    return None, []


def _parse_tokens(tokens: Sequence[Token]) -> tuple[Parsed | None, list[Fault]]:
    parser, builder = _tools()
    builder.faults, builder.records = [], []
    try:
        statement: Parsed = parser.run(tokens)
    except Unexpected as unexpected:  # worded as faults of the text, which the caller gathers
        block = _find_block(tokens)
        if block is not None:
            return None, _block_faults(tokens, *block)
        return None, [*builder.faults, word_fault(tokens, unexpected.index)]
    faults = [*builder.faults, *map(_misplaced, builder.records)]
    if len(tokens) > DEEPEST_NESTING and depth(statement) > DEEPEST_NESTING:
        message = f"this is nested more than {DEEPEST_NESTING} deep"
        faults.append(Fault(statement.span.start, statement.span.end, message, "give parts of it a name: part = ..."))
    return statement, faults


def _block_faults(tokens: Sequence[Token], begin: int, end: int) -> list[Fault]:
    """Find the faults of a `def` with a block apart: its head, and each line of the block."""
    filler = Token("NA", "na", tokens[begin].end, tokens[begin].end)
    head = [*tokens[: begin + 1], filler, *tokens[end:]]
    _, faults = _parse_tokens(head) if begin + 1 < end else (None, [_empty_block(tokens, begin, end)])
    for part in split_block(tokens[begin + 1 : end]):
        if part[0].type in {"PARAM", "DEF"}:
            message = f"'{part[0].text}' cannot stand inside a def"
            faults.append(Fault(part[0].start, part[0].end, message, "write it as a statement of its own, above"))
        else:
            faults.extend(_parse_tokens(part)[1])
    return faults


def _find_block(tokens: Sequence[Token]) -> tuple[int, int] | None:
    """Give the places of the braces of a definition's block, or None for another statement."""
    if tokens[0].type != "DEF" or tokens[-1].type != "RBRACE":
        return None
    begin = next((index for index, token in enumerate(tokens) if token.type == "LBRACE"), None)
    end = len(tokens) - 1
    if begin is None or (end == begin + 2 and tokens[begin + 1].type == "NA"):
        return None  # a block of `na` alone is the filler by which the head is tried
    return begin, end


def _empty_block(tokens: Sequence[Token], begin: int, end: int) -> Fault:
    return Fault(tokens[begin].start, tokens[end].end, "the block of the def is empty", "its last line is the result")


def _misplaced(record: Record) -> Fault:
    if len(record.names) == 1:
        return Fault(
            record.span.start, record.span.end, "'=' gives a value a name, it does not compare", "to compare use =="
        )
    message = "several outputs in brackets can only be the result of a def"
    return Fault(record.span.start, record.span.end, message, "to compare use ==; two conditions are joined with and")


def depth(root: Node) -> int:
    """Count the levels of a tree up to one too many, without recursion since it may be very deep."""
    deepest, level = 0, [root]
    while level and deepest <= DEEPEST_NESTING:
        deepest += 1
        level = [child for node in level for child in _children(node)]
    return deepest


def _children(node: Node) -> Iterable[Node]:
    for field in fields(node):
        value = getattr(node, field.name)
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, Argument | DefinitionParameter):
                yield from _children(one)
            elif hasattr(one, "span"):
                yield one


def _find_result(statements: Sequence[Parsed], faults: list[Fault]) -> Expression | None:
    """Give the result of a formula: its last statement, or the name that this assigns."""
    *earlier, last = statements
    values = (one for one in earlier if not isinstance(one, Assignment | Parameter | Definition))
    faults.extend(unused(value.span) for value in values)
    if isinstance(last, Parameter | Definition):
        message = (
            f"the last statement must be the result, and this is a {'param' if isinstance(last, Parameter) else 'def'}"
        )
        faults.append(Fault(last.span.start, last.span.end, message, "end with a condition or a value"))
        return None
    if not isinstance(last, Assignment):
        return last
    if len(last.names) > 1:
        faults.append(several_results(last))
    return last.names[0]


def _with_docs(statements: Iterable[Documented], source: str) -> Iterator[Documented]:
    """Give each definition the text of the comment lines directly above it."""
    lines: list[str] = []
    starts: list[int] = []
    for statement in statements:
        if not isinstance(statement, Definition):
            yield statement
            continue
        if not lines:
            lines = plain(source).splitlines(keepends=True)
            starts = [0, *itertools.accumulate(map(len, lines))]
        row = bisect.bisect_right(starts, statement.span.start) - 1
        alone = not source[starts[row] : statement.span.start].strip(" \t\ufeff")
        yield replace(statement, doc=_doc_above(lines, row) if alone else "")


def _doc_above(lines: Sequence[str], row: int) -> str:
    doc: list[str] = []
    while row > 0 and lines[row - 1].lstrip().startswith("#"):
        row -= 1
        doc.append(lines[row].strip().lstrip("#").strip())
    return "\n".join(reversed(doc))


def assert_readable(source: str) -> None:
    """Raise FormulaError for a text that is too long, and for one that holds half a character, which no file can."""
    if len(source) > LONGEST_TEXT:
        message = f"the formula is too long: {len(source):,} characters, and {LONGEST_TEXT:,} are allowed"
        raise faulty([Fault(0, 1, message)], source)
    half = None if source.isascii() else HALF.search(source)
    if half is not None:
        message, hint = f"half a character (code {ord(half[0])})", "the text was cut within it, or decoded wrongly"
        raise faulty([Fault(half.start(), half.end(), message, hint)], source)


def faulty(faults: Sequence[Fault], source: str) -> FormulaError:
    """One error that carries all faults, in the order of the source."""
    first = sorted(set(faults))[:MOST_PROBLEMS]
    return FormulaError([Problem.at(source, one.start, one.end, one.message, one.hint) for one in first], source)


@functools.cache
def _tools() -> tuple[Automaton, TreeBuilder]:
    """Make the parser when it is first used."""
    builder = TreeBuilder()
    return make_automaton(Path(__file__).with_name("grammar.json").read_text(encoding="utf-8"), builder), builder
