"""The language as its users meet it: functions, and the way from source text to a checked formula."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from ..errors import FormulaError, Problem
from . import syntax
from .check import Checked, check
from .check.closeness import closeness
from .check.faults import Faults
from .check.naming import columns_by_name
from .check.parting import take_apart
from .check.parts import Parts
from .check.session import Session
from .declaring import Primitive, Setting
from .functions import Functions, built_in_functions
from .nodes import CountingInterner, Interner
from .parse import parse


class Language:
    """A set of functions, and formulas checked against it. What a user adds belongs to this object alone.

    >>> Language().check("close > sma(close, 20)").warmup
    19
    """

    def __init__(self) -> None:
        self._functions = _built_in()
        self._interner = Interner()

    @property
    def functions(self) -> Functions:
        """Every function by its name."""
        return self._functions

    def add_library(self, path: str | Path) -> str:
        """Add the functions of a formula file, whose text is answered.

        Raises FormulaError if the file is faulty or defines a name that is taken, OSError if it cannot be read.
        """
        file = Path(path)
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            problem = Problem.at("", 0, 1, "the file is not text in UTF-8", "save it as UTF-8")
            raise FormulaError([problem], "", file.name) from None
        self._functions = self._functions.with_library(text, file.name)
        return text

    def add_primitive(self, primitive: Primitive) -> None:
        """Add a function written in Python. Raises ValueError if its name is taken."""
        self._functions = self._functions.with_primitive(primitive)

    def check(
        self,
        source: str,
        columns: Mapping[str, str] | None = None,
        parameters: Mapping[str, Setting] | None = None,
        name: str | None = None,
        tables: Mapping[str, Mapping[str, str]] | None = None,
        dialect: str | None = None,
        *,
        strict: bool = False,
    ) -> Checked:
        """Parse and check a formula, which is written in the language or in a dialect (formulas.dialects).

        `columns` maps the candle table's columns to "number", "boolean" or "text"; None: open, high, low, close and
        volume. `parameters` are values for the formula's params, `tables` the columns of other tables by their names.
        Raises FormulaError with every problem; `name` is the formula's name there. With `strict`, warnings are problems
        too.
        """
        try:
            known = columns_by_name(columns)
            others = {table: columns_by_name(its) for table, its in (tables or {}).items()}
            with _nested_soundly(source):
                checked = check(_parsed(source, dialect), self._functions, self._interner, known, parameters, others)
        except FormulaError as error:
            raise FormulaError(error.problems, error.source, name) from None
        if strict and checked.warnings:
            raise FormulaError(checked.warnings, source, name)
        return checked

    def check_all(
        self,
        sources: Mapping[str, str],
        columns: Mapping[str, str] | None = None,
        parameters: Mapping[str, Setting] | None = None,
        tables: Mapping[str, Mapping[str, str]] | None = None,
        dialects: Mapping[str, str | None] | None = None,
    ) -> dict[str, Checked]:
        """Check several formulas. A parameter goes to each formula that has it, and at least one must.

        `dialects` says by name which formulas are written in a dialect.

        Raises the only FormulaError, or an ExceptionGroup of them.
        """
        given = dict(parameters or {})
        several = len(sources) > 1
        checked: dict[str, Checked] = {}
        faults: list[FormulaError] = []
        for name, source in sources.items():
            try:
                dialect = (dialects or {}).get(name)
                own = _own_parameters(source, dialect, given) if several and given else given
                checked[name] = self.check(source, columns, own, tables=tables, dialect=dialect)
            except FormulaError as error:  # raised below, with those of the other formulas
                faults.append(FormulaError(error.problems, error.source, name if several else None))
        if len(faults) == 1:
            raise faults[0]
        if faults:
            raise ExceptionGroup(f"{len(faults)} of {len(sources)} formulas are faulty", faults)
        self._refuse_unknown(given, checked)
        return checked

    def take_apart(
        self,
        source: str,
        columns: Mapping[str, str] | None = None,
        parameters: Mapping[str, Setting] | None = None,
        tables: Mapping[str, Mapping[str, str]] | None = None,
        dialect: str | None = None,
        *,
        distances: bool = False,
    ) -> Parts:
        """Check a formula as `check` does, and lay open every expression that its text shows.

        With `distances` also how far each condition is from being what it has to be.

        >>> [part.text for part in Language().take_apart("close > sma(close, 20) + 1").whole.walk()]
        ['close > sma(close, 20) + 1', 'close', 'sma(close, 20) + 1', 'sma(close, 20)']
        """
        checked = self.check(source, columns, parameters, tables=tables, dialect=dialect)
        others = {table: columns_by_name(its) for table, its in (tables or {}).items()}
        faults, known = Faults(source), columns_by_name(columns)
        session = Session(self._functions, CountingInterner(self._interner), faults, known, lambda *_: None, others)
        whole = take_apart(_parsed(source, dialect), checked, session)
        conditions = tuple(whole.conditions())
        measured = [closeness(each.part.node, session, wanted=each.wanted) for each in conditions if distances]
        return Parts(checked, whole, conditions, tuple(measured))

    def _refuse_unknown(self, given: Mapping[str, Setting], checked: Mapping[str, Checked]) -> None:
        known = {name for each in checked.values() for name in each.parameters}
        unknown = sorted(given.keys() - known)
        if unknown:
            source = next(iter(checked.values())).source
            hint = f"their params are {', '.join(sorted(known))}" if known else "they have no params"
            raise FormulaError([Problem.at(source, 0, 1, f"no formula has a param {unknown[0]!r}", hint)], source)


def declared_parameters(source: str, dialect: str | None = None) -> frozenset[str]:
    """The names of a formula's params; raises FormulaError if it cannot be read."""
    with _nested_soundly(source):
        return frozenset(s.name.name for s in _parsed(source, dialect).statements if isinstance(s, syntax.Parameter))


@contextmanager
def _nested_soundly(source: str) -> Iterator[None]:
    """While a text is read: Python's own stack ends where functions within functions are nested below each limit."""
    try:
        yield
    except RecursionError:  # a fault of the text, which is told; nothing that was begun is kept
        hint = "give parts of it a name: part = ..."
        raise FormulaError([Problem.at(source, 0, 1, "the formula is nested too deeply", hint)], source) from None


def _own_parameters(source: str, dialect: str | None, given: Mapping[str, Setting]) -> dict[str, Setting]:
    """Of the parameters given, those that the formula declares."""
    declared = declared_parameters(source, dialect)
    return {name: value for name, value in given.items() if name in declared}


@lru_cache(maxsize=128)  # a sweep checks the same text once for each of its points
def _parsed(source: str, dialect: str | None) -> syntax.Formula:
    if dialect is None:
        return parse(source)
    from .dialects import read_foreign  # noqa: PLC0415 - few formulas are foreign

    return read_foreign(source, dialect)


@lru_cache(maxsize=1)
def _built_in() -> Functions:
    """The built-in functions, read once: they are the same for all, and each Language adds to a copy."""
    return built_in_functions()
