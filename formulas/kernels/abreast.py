"""Recursions side by side: each waits for its own last value, so that several take hardly longer than one.

A kernel that is declared so is compiled once more for each of COUNTS. Here those that need not wait for each other are
brought together; what is one group runs as one step wherever there is a function for so many.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from .declaring import Kernel
from .graphs import Operation, Source

COUNTS: Final = (4, 2)
"""How many of a kernel run side by side, the largest number first."""


def symbol_of(symbol: str, count: int) -> str:
    """The function that runs so many of the kernel with this one."""
    return symbol if count == 1 else f"{symbol}_{count}"


def counts_of(many: int) -> Iterator[int]:
    """How so many are run: in steps of as many as there is a function for.

    >>> list(counts_of(7))
    [4, 2, 1]
    """
    for count in (*COUNTS, 1):
        yield from [count] * (many // count)
        many %= count


def in_company(sources: Sequence[Source]) -> list[tuple[Source, ...]]:
    """The sources in an order in which they can run, each alone or in a group that runs side by side."""
    return _Order(sources).found()


class _Order:
    """An order in the making. Who is `waiting` for company goes ahead of the first that reads it, if none comes.

    Of those who may run side by side it is known by how many of their inputs they are held up; `ready` has those who
    are not, by kernel, the first first.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = sources
        self.groups: list[tuple[Source, ...]] = []
        self.placed: set[int] = set()
        self.waiting: list[Source] = []
        self.missing: dict[int, int] = {}
        self.readers: dict[int, list[tuple[int, Operation]]] = defaultdict(list)
        self.ready: dict[Kernel, list[tuple[int, Operation]]] = defaultdict(list)
        for place, source in enumerate(sources):
            if isinstance(source, Operation) and source.kernel.abreast:
                inputs = {id(each.source) for each in source.inputs}
                self.missing[id(source)] = len(inputs)
                for each in inputs:
                    self.readers[each].append((place, source))

    def found(self) -> list[tuple[Source, ...]]:
        for source in self.sources:
            if id(source) in self.placed:
                continue
            if not self.may_wait_beside(source):
                self.go()
            if _kernel(source) is None:
                self.place((source,))
            elif id(source) not in self.placed:  # it may just have gone along
                self.waiting.append(source)
            if len(self.waiting) == COUNTS[0]:
                self.go()
        self.go()
        return self.groups

    def may_wait_beside(self, source: Source) -> bool:
        """Whether those that wait may go on waiting while this one is placed, or waits with them."""
        if not self.waiting:
            return True
        kernel = _kernel(source)
        return kernel in {None, _kernel(self.waiting[0])} and not _reads(source, self.waiting)

    def go(self) -> None:
        """Place those that wait, and with them the next ones that could run by now."""
        kernel = _kernel(self.waiting[0]) if self.waiting else None
        if kernel is None:
            return
        group, self.waiting = self.waiting, []
        others = self.ready[kernel]
        while others and len(group) < COUNTS[0]:
            _, source = heapq.heappop(others)
            if id(source) not in self.placed and all(source is not each for each in group):
                group.append(source)
        self.place(tuple(group))

    def place(self, group: tuple[Source, ...]) -> None:
        """Let a group run next."""
        self.groups.append(group)
        self.placed.update(map(id, group))
        for source in group:
            for place, reader in self.readers.pop(id(source), ()):
                self.missing[id(reader)] -= 1
                if not self.missing[id(reader)]:
                    heapq.heappush(self.ready[reader.kernel], (place, reader))


def _kernel(source: Source) -> Kernel | None:
    """The kernel that runs side by side with others of its kind, if it is such a one."""
    return source.kernel if isinstance(source, Operation) and source.kernel.abreast else None


def _reads(source: Source, several: Sequence[Source]) -> bool:
    return isinstance(source, Operation) and any(each.source is other for each in source.inputs for other in several)
