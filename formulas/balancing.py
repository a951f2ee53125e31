"""Joining many things two by two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

Joined = TypeVar("Joined")

LONG: Final = 16
"""From more parts on, the tree is balanced: the same value where the order does not matter, and it stays shallow."""


def balanced(parts: Sequence[Joined], join: Callable[[Joined, Joined], Joined]) -> Joined:
    """Join parts, of which there is at least one: few of them from the left, many as a balanced tree.

    >>> balanced("abcd", lambda left, right: f"({left}{right})")
    '(((ab)c)d)'
    """
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2 if len(parts) > LONG else len(parts) - 1
    return join(balanced(parts[:middle], join), balanced(parts[middle:], join))
