"""What was given, looked at before it is used: another kind of thing is refused, with what is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Final, get_args

from ..data.layout import Kind
from ..data.options import as_path as path_of
from ..data.options import shown
from ..errors import ProcessingEngineError, RepositoryError

DIALECT: Final = 'a dialect is a text such as "qlib"'


def assert_kind(value: object, kind: type | UnionType, wanted: str) -> None:
    """Raise ProcessingEngineError, in the words `wanted`, unless the value is of that kind."""
    if not isinstance(value, kind):
        raise ProcessingEngineError(f"{wanted}; {shown(value)} is none")


def as_path(value: object, wanted: str) -> Path:
    """A path as it was given, `~` being a user's folder; raises ProcessingEngineError, in the words `wanted`."""
    try:
        return path_of(value)
    except RepositoryError as error:
        raise ProcessingEngineError(f"{wanted}; {error}") from None


def assert_by_name(value: object, wanted: str) -> None:
    """Raise ProcessingEngineError, in the words `wanted`, unless there is nothing, or things by name."""
    if value is not None and not (isinstance(value, Mapping) and all(isinstance(name, str) for name in value)):
        raise ProcessingEngineError(f"{wanted}, not {shown(value)}")


def assert_formula_of_table(
    source: object, columns: object, parameters: object, tables: object, dialect: object, *, several: bool = False
) -> None:
    """Raise ProcessingEngineError unless a formula can be checked with these columns, parameters and other tables."""
    sources = source.values() if several and isinstance(source, Mapping) else [source]
    if not sources:
        raise ProcessingEngineError("there is no formula: give a text, or several by name")
    assert_kind(dialect, str | None, DIALECT)
    for each in sources:
        assert_kind(each, str, "a formula is a text")
    assert_by_name(parameters, 'parameters are given by name, {"n": 20}')
    assert_columns(columns, 'columns are given with their kinds, {"close": "number"}')
    wanted = 'tables are given by name with the kinds of their columns, {"quarterly": {"eps": "number"}}'
    assert_by_name(tables, wanted)
    for each in (tables or {}).values():  # type: ignore[attr-defined] # a mapping, as just seen
        assert_kind(each, Mapping, wanted)
        assert_columns(each, wanted)


def assert_columns(columns: object, wanted: str) -> None:
    """Raise ProcessingEngineError unless columns are given with kinds that there are."""
    assert_by_name(columns, wanted)
    assert columns is None or isinstance(columns, Mapping)
    for name, kind in (columns or {}).items():
        if kind not in get_args(Kind):
            kinds = ", ".join(map(repr, get_args(Kind)))
            raise ProcessingEngineError(f"{wanted}: the kind of {name!r} is {shown(kind)}; it is one of {kinds}")
