"""Definitions of the library that are parsed once and kept for the next process.

The file grows by a line for each definition when it is first used: key, checksum, and the tree as JSON. The key is of
the definition's text, the file's name of the code that parses, so nothing that is kept can be out of date. Lines are
appended whole, by several processes at once as well; a line that is damaged or not understood counts as none. The tree
is data, never code: whoever wrote it, reading it runs nothing.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import zlib
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, Final

from . import syntax
from .keeping import private_folder
from .parse import parse_library
from .syntax import Definition, Name, Span

LOG: Final = logging.getLogger("barsweep")
KEY: Final = 16
_LOCK: Final = threading.Lock()

_KINDS: Final[tuple[type[Any], ...]] = (
    *(syntax.Number, syntax.Text, syntax.Boolean, syntax.Missing, syntax.Name, syntax.Unary, syntax.Binary),
    *(syntax.Comparison, syntax.Membership, syntax.Conditional, syntax.Argument, syntax.Call, syntax.Output),
    *(syntax.History, syntax.Record, syntax.Assignment, syntax.DefinitionParameter, Definition),
)
"""What a definition is made of; the place in this list stands for the class."""
_NUMBERS: Final = {kind: number for number, kind in enumerate(_KINDS)}
_NAME: Final = _NUMBERS[syntax.Name]
_TUPLE: Final = -1
_SPAN: Final = -2


def parsed_definition(source: str, path: str) -> Definition:
    """The definition that a text holds. Raises FormulaError as `parse_library` does."""
    key = _key(source)
    kept = _read(_lines().get(key))
    if kept is not None:
        return kept
    (definition,) = parse_library(source, path).definitions
    _append(key, definition)
    return definition


def _key(source: str) -> bytes:
    return hashlib.blake2b(source.encode(), digest_size=KEY).hexdigest().encode()


@cache
def _path() -> Path | None:
    """The file of what this very code parses; None where no folder is safe."""
    folder = private_folder()
    if folder is None:
        return None
    code = hashlib.sha256()
    here = Path(__file__).parent
    for file in sorted([Path(__file__), here / "syntax.py", *(here / "parse").glob("*.*")]):
        code.update(file.read_bytes())
    return folder / f"definitions-{code.hexdigest()[:24]}.lines"


@cache
def _lines() -> dict[bytes, bytes]:
    """The lines of the file by their keys, as they were when the first definition was asked for."""
    path = _path()
    try:
        content = path.read_bytes() if path is not None else b""
    except OSError:  # there is none yet, or it cannot be read: then all is parsed
        content = b""
    return {line[: 2 * KEY]: line for line in content.split(b"\n")}


def _read(line: bytes | None) -> Definition | None:
    """The definition of a line; None if there is no line, or not a whole one."""
    if line is None:
        return None
    _, checksum, text = line.split(b" ", 2) if line.count(b" ") > 1 else (b"", b"", b"")
    if checksum != _checksum(text):
        return None
    try:
        definition = _tree(json.loads(text))
    except (ValueError, TypeError, LookupError):  # written by something else: it is parsed instead
        return None
    return definition if isinstance(definition, Definition) else None


def _append(key: bytes, definition: Definition) -> None:
    """Add a line. Those of several processes do not mix, and a torn one spoils only itself."""
    path = _path()
    if path is None:
        return
    text = json.dumps(_kept(definition), separators=(",", ":"), ensure_ascii=True).encode()
    try:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        try:
            os.write(file, b"\n%b %b %b\n" % (key, _checksum(text), text))
        finally:
            os.close(file)
    except OSError as error:  # the next process parses again
        LOG.info("parsed definitions cannot be kept: %s", error, extra={"event": "nothing kept", "error": str(error)})


def _checksum(text: bytes) -> bytes:
    return b"%08x" % zlib.crc32(text)


def _kept(part: Any) -> Any:
    """A part of a tree as lists and plain values: the class's number, its fields, and its place as two numbers."""
    if isinstance(part, Span):
        return [_SPAN, *part]
    if isinstance(part, tuple):
        return [_TUPLE, *map(_kept, part)]
    number = _NUMBERS.get(type(part))
    if number is None:
        return part
    *values, _ = (getattr(part, field.name) for field in fields(part))
    return [number, *map(_kept, values), *part.span]


def _tree(kept: list[Any]) -> Any:
    """The part of a tree that was kept as this list."""
    kind = kept[0]
    if kind == _NAME:  # half of all nodes
        _, name, start, end = kept
        return Name(name, Span(start, end))
    if kind == _SPAN:
        return Span(*kept[1:])
    parts = [_tree(part) if type(part) is list else part for part in (kept[1:] if kind == _TUPLE else kept[1:-2])]
    return tuple(parts) if kind == _TUPLE else _KINDS[kind](*parts, Span(*kept[-2:]))
