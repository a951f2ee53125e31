"""Figures by symbol, kept in the arrays in which batches count them: most jobs ask for none but their sum.

Of thousands of symbols a dict takes as long to make as their formula to find a bar in each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar, cast

from numpy.typing import NDArray

T = TypeVar("T", bound=float)
Part: TypeAlias = tuple[Sequence[str], NDArray[Any]]


class Figures(Mapping[str, T]):
    """A figure of each of some symbols, of whom each is counted once; a dict is made of them when somebody looks.

    >>> import numpy as np
    >>> figures = Figures({"A": 2})
    >>> figures.add(Figures.of(("B", "C"), np.array([3, 4])))
    >>> figures.total, len(figures), figures["C"], figures.pop("A"), dict(figures)
    (9, 3, 4, 2, {'B': 3, 'C': 4})
    """

    _kept: tuple[dict[str, T], Sequence[Part]]

    def __init__(self, known: Mapping[str, T] | None = None) -> None:
        # both in one place: a thread that looks while another makes the dict sees them before or after that
        self._kept = dict(known or {}), ()

    @classmethod
    def of(cls, symbols: Sequence[str], values: NDArray[Any]) -> Figures[T]:
        """The values of symbols, which ascend."""
        figures = cls()
        figures._kept = {}, [(symbols, values)]
        return figures

    def add(self, others: Figures[T]) -> None:
        """Take those of other symbols."""
        (known, parts), (more, further) = self._kept, others._kept
        self._kept = {**known, **more} if more else known, [*parts, *further]

    def pop(self, symbol: str, default: T | None = None) -> T | None:
        """Forget a symbol's figure, and tell it."""
        return self._made().pop(symbol, default)

    @property
    def first(self) -> str:
        """The least of the symbols; "" without any."""
        known, parts = self._kept
        return min([*known, *(symbols[0] for symbols, _ in parts if len(symbols))], default="")

    @property
    def total(self) -> T:
        """All together."""
        known, parts = self._kept
        return cast("T", sum(known.values()) + sum(values.sum().item() for _, values in parts))

    def __getitem__(self, symbol: str) -> T:
        return self._made()[symbol]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made())

    def __len__(self) -> int:
        known, parts = self._kept
        return len(known) + sum(len(symbols) for symbols, _ in parts)

    def __repr__(self) -> str:
        return f"Figures({self._made()})"

    def _made(self) -> dict[str, T]:
        """The dict; threads that make it at the same time make the same one."""
        known, parts = self._kept
        if parts:
            known = dict(known)
            for symbols, values in parts:
                known.update(zip(symbols, values.tolist(), strict=True))
            self._kept = known, ()
        return known
