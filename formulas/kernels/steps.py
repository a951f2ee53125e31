"""What a tile program is made of: steps with their operands, what leaves it, and what it remembers."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from typing import Final

from ..freezing import frozen
from .graphs import Fixed, Operation, Series
from .tiles import ROW

COMPARISONS: Final = frozenset({"greater", "less", "at_most", "no_less"})
"""Kernels that are true where the test of that name in finding.py is passed."""


@frozen
class Operand:
    """`at`: a row of the arena, or the number of an outside array. `stride`: bytes from bar to bar.

    Of an outside array compiled code finds its bytes instead of a stride.
    """

    at: int
    stride: int = ROW
    outside: bool = False


@frozen
class Step:
    """A kernel, by name, with what it reads and writes; `memory` is its first row in the arena."""

    symbol: str
    operands: tuple[Operand, ...]
    settings: tuple[float, ...] = ()
    memory: int = 0


@frozen
class Remembered:
    """Rows of the arena that a kernel remembers, and the number that they hold before a symbol's first bar."""

    row: int
    rows: int
    fresh: float = 0.0


@frozen
class Test:
    """One of the tests of finding.py, and the series that it reads."""

    name: str
    inputs: tuple[Series, ...]


@frozen
class Matches:
    """Bars to be found: those that pass all tests, with the values of some series there."""

    tests: tuple[Test, ...]
    values: tuple[Series, ...]

    @classmethod
    def of(cls, condition: Series, values: tuple[Series, ...]) -> Matches:
        """Where the condition is true. Tested is all that has to be true for that, and comparisons by their sides.

        So neither is made a condition of, unless somebody else reads it.
        """
        parts = list(_parts_of(condition))
        true = {part.key for part in parts}
        return cls(tuple(_test(part) for part in parts if _defined_by(part) not in true), values)

    @property
    def series(self) -> list[Series]:
        """Every series that is read for it."""
        return [*(series for test in self.tests for series in test.inputs), *self.values]

    def mapped(self, change: Callable[[Series], Series]) -> Matches:
        """The same of other series."""
        tests = tuple(Test(test.name, tuple(map(change, test.inputs))) for test in self.tests)
        return Matches(tests, tuple(map(change, self.values)))


def _parts_of(condition: Series) -> Iterator[Series]:
    """What has to be true for the condition to be: of an `and` both sides, of what is undefined elsewhere the rest.

    Each once, however often formulas share it.
    """
    waiting, seen = [condition], set[Hashable]()
    while waiting:
        part = waiting.pop()
        if part.key in seen:
            continue
        seen.add(part.key)
        match _call(part):
            case "both", inputs:
                waiting += reversed(inputs)
            case "if", (asked, value, Series(source=Fixed(number=number))) if math.isnan(number):
                waiting += (value, asked)
            case _:
                yield part


def _defined_by(part: Series) -> Hashable:
    """What makes a part true if that is true itself: whatever is true is defined."""
    name, inputs = _call(part)
    return inputs[0].key if name == "defined" else None


def _test(part: Series) -> Test:
    name, inputs = _call(part)
    return Test(name, inputs) if name in COMPARISONS else Test("true", (part,))


def _call(part: Series) -> tuple[str, tuple[Series, ...]]:
    """The kernel of a value at the bar itself, and what that reads."""
    if isinstance(part.source, Operation) and not part.lag:
        return part.source.kernel.name, part.source.inputs
    return "", ()


@frozen
class TileProgram:
    """Steps for each block, `begins` and `ends` for each tile, over an arena of `rows`.

    Outside arrays are numbered: first the columns that are read, then two for each stored series (numbers or bits of
    truth, bits of validity), then the roll of values (finding.py), and for each of `matches` the marks and their count
    by symbol.
    `constants` are rows that are set once. What a tile's bars leave for those to come stands in `histories`, each the
    first row of a register's block and how many rows ahead of it are kept, and in `memories`.
    """

    rows: int
    block: int
    columns: tuple[str, ...]
    begins: tuple[Step, ...]
    steps: tuple[Step, ...]
    ends: tuple[Step, ...]
    constants: tuple[tuple[int, float], ...]
    histories: tuple[tuple[int, int], ...] = ()
    memories: tuple[Remembered, ...] = ()


@frozen
class Stores:
    """What leaves a program: whole columns, of numbers or of conditions, and matches."""

    columns: tuple[Series, ...] = ()
    conditions: tuple[bool, ...] = ()
    matches: tuple[Matches, ...] = ()

    @property
    def series(self) -> list[Series]:
        """Every series that leaves."""
        found = [series for each in self.matches for series in each.series]
        return [*self.columns, *found]

    def mapped(self, change: Callable[[Series], Series]) -> Stores:
        """The same of other series."""
        matches = tuple(each.mapped(change) for each in self.matches)
        return Stores(tuple(map(change, self.columns)), self.conditions, matches)
