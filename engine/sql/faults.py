"""What is wrong with a query, with its place in the text that was given."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import duckdb

from ...errors import Problem, ProcessingEngineError, QueryError
from ...formulas.syntax import Span
from .texts import QueryText, Spliced

UNIMPLEMENTED: Final = "not implemented"
KIND: Final = re.compile(r"^[A-Z][\w ]* Error: ")
ONLY_SELECT: Final = "Only SELECT statements"
INTERRUPTED: Final = "the query was interrupted"
LONGEST_HINT: Final = 200
CLOSED: Final = 'external_access=True lets a query read files; other tables are given: tables={"meta": frame}'


def fault(text: str, span: Span, message: str, hint: str = "") -> QueryError:
    """The error of a stretch of a query."""
    return QueryError([Problem.at(text, span.start, span.end, message, hint)], text)


def refused(
    told: Mapping[str, Any], query: QueryText, spliced: Spliced | None = None, tables: Sequence[str] = ()
) -> QueryError:
    """The error that DuckDB tells as JSON, of the query or of what was made of it; `tables` are those known."""
    message, _, rest = str(told["error_message"]).strip().partition("\n")
    hint = _hint(told, rest, tables)
    if message.startswith(ONLY_SELECT):
        hint = "write it as one SELECT; PIVOT as SELECT ... FROM (PIVOT ... ON ... IN (...))"
        return fault(query.text, Span(0, _first_word(query.text)), "only a SELECT is taken", hint)
    offset, length = _location(told)
    if spliced is None:
        return fault(query.text, query.span(offset, length), message, hint)
    found = QueryText(spliced.text).span(offset, length)
    span = Span(spliced.original(found.start), spliced.original(found.end))
    return fault(query.text, span, message, hint)


def _location(told: Mapping[str, Any]) -> tuple[int, int]:
    """Offset and length in bytes; the beginning where DuckDB does not say."""
    if "location" in told:
        offset, length = json.loads(told["location"])
        return int(offset), int(length)
    return int(told.get("position", 0)), 1


def _first_word(text: str) -> int:
    return max(1, len(text.split(maxsplit=1)[0])) if text.strip() else 1


def _hint(told: Mapping[str, Any], rest: str, tables: Sequence[str]) -> str:
    """What DuckDB advises in one short line; of tables, which there are, for it knows of its own alone."""
    if told.get("type") == "Table":
        near = difflib.get_close_matches(str(told.get("name", "")).lower(), tables, 1)
        return f"did you mean {near[0]}?" if near else f"there are {', '.join(tables)}, scan(...) and bars(...)"
    advice = " ".join(rest.split())
    return advice if len(advice) <= LONGEST_HINT else f"{advice[:LONGEST_HINT]} ..."


@contextmanager
def worded() -> Iterator[None]:
    """Word what DuckDB raises while it runs a query."""
    try:
        yield
    except duckdb.InterruptException as error:
        raise ProcessingEngineError(INTERRUPTED) from error
    except duckdb.OutOfMemoryException as error:
        message = "the query needs more memory than memory_limit lets DuckDB have: raise it, or take fewer rows"
        raise ProcessingEngineError(message) from error
    except duckdb.Error as error:
        told = KIND.sub("", str(error).partition("\n\nLINE ")[0])
        raise ProcessingEngineError(f"the query cannot be run: {told}") from error
