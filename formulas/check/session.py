"""What one check shares between all the places of a formula."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field

from ..freezing import mutable
from ..functions import Functions
from ..kinds import Kind
from ..libraries import LibraryFunction
from ..nodes import CountingInterner, Node
from ..syntax import Expression
from .faults import Faults
from .values import Value

Columns = Mapping[str, Kind]


@mutable
class Session:
    """One check. `candles` are the columns of the candles, `tables` those of other tables by their names.

    `looks` counts, of each series on other rows, how often these and those that it looks at are evaluated; `symbols`
    are those that symbol() names. `steps` counts the expressions that were read while functions were written out.
    `layers` are, of each such series, how many stand in each other; `forms` are those around what is checked.
    """

    functions: Functions
    interner: CountingInterner
    faults: Faults
    candles: Columns
    observe: Callable[[Expression, Value], None]
    tables: Mapping[str, Columns] = field(default_factory=dict)
    definitions: dict[str, LibraryFunction] = field(default_factory=dict)
    inlined: dict[tuple[object, ...], Value] = field(default_factory=dict)
    stack: list[LibraryFunction] = field(default_factory=list)
    looks: dict[Node, int] = field(default_factory=dict)
    layers: dict[Node, int] = field(default_factory=dict)
    symbols: set[str] = field(default_factory=set)
    steps: int = 0
    forms: int = 0
    table: str | None = None

    @property
    def columns(self) -> Columns:
        """The columns that names mean here: those of the candles, or of the table that is looked at."""
        return self.candles if self.table is None else self.tables[self.table]

    @property
    def owner(self) -> str:
        """Who has these columns, for messages."""
        return "the candles have" if self.table is None else f"the table {self.table!r} has"

    @property
    def listed(self) -> str:
        """The columns, as a hint."""
        return f"{'they have' if self.table is None else 'it has'} {', '.join(self.columns) or 'none'}"

    def listed_without(self, field: str) -> str:
        """The columns, as a hint to whoever misses a field of the candle, which a vendor may call otherwise."""
        named = f'columns={{"{field}": ...}} in Python, --column {field}=... in the shell'
        return (
            self.listed if self.table is not None else f"{self.listed}; where one of them is the {field}, say {named}"
        )

    @contextmanager
    def inside(self, table: str) -> Iterator[None]:
        """While an expression on a table's rows is checked."""
        outer, self.table = self.table, table
        try:
            yield
        finally:
            self.table = outer

    @contextmanager
    def inside_form(self) -> Iterator[None]:
        """While the arguments of a form are checked, whose values are not reported by themselves."""
        self.forms += 1
        try:
            yield
        finally:
            self.forms -= 1
