"""What was found out about a source once, and holds until the source is found to be new."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, Self, TypeVar, overload

T = TypeVar("T")


class Remembering:
    """An object with `remembered` properties, which it may forget all at once, in any thread at any time.

    A copy, in another process perhaps, has what was given, not what `begin_anew` makes: it finds everything out itself.
    """

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Know nothing yet."""
        self.generation = 0
        self.remembers: dict[str, tuple[int, Any]] = {}
        self.locks: dict[str, threading.RLock] = {}

    def __getstate__(self) -> dict[str, Any]:
        begun = object.__new__(type(self))
        begun.begin_anew()
        return {name: value for name, value in vars(self).items() if name not in vars(begun)}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)
        self.begin_anew()

    def forget(self) -> None:
        """Find everything out anew from now on; what is being found out at this moment is not remembered."""
        self.generation += 1

    def knows(self, name: str) -> bool:
        """Whether a property has been found out."""
        known = self.remembers.get(name)
        return known is not None and known[0] == self.generation


class Remembered(Generic[T]):
    """A property that is found out once in a generation."""

    def __init__(self, find_out: Callable[[Any], T]) -> None:
        self.find_out, self.name, self.__doc__ = find_out, find_out.__name__, find_out.__doc__

    @overload
    def __get__(self, owner: None, kind: type[object]) -> Self: ...
    @overload
    def __get__(self, owner: Remembering, kind: type[object]) -> T: ...
    def __get__(self, owner: Remembering | None, kind: type[object]) -> Self | T:
        if owner is None:
            return self
        known = owner.remembers.get(self.name)
        if known is None or known[0] != owner.generation:
            with owner.locks.setdefault(self.name, threading.RLock()):
                known = self.found_out(owner)
        value: T = known[1]
        return value

    def found_out(self, owner: Remembering) -> tuple[int, T]:
        """What another thread has found out meanwhile, or is found out now, with the generation that it is of."""
        generation = owner.generation
        known = owner.remembers.get(self.name)
        if known is None or known[0] != generation:
            known = owner.remembers[self.name] = generation, self.find_out(owner)
        return known


def fingerprint_of(file: Path) -> tuple[Path, int, int, int]:
    """A file with its size and time of change."""
    stat = file.stat()
    return file, stat.st_ino, stat.st_size, stat.st_mtime_ns


def remembered(find_out: Callable[[Any], T]) -> Remembered[T]:
    """Declare a property of a `Remembering` object that is found out when it is first asked for."""
    return Remembered(find_out)
