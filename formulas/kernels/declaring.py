"""Declaring kernels: one decorated function each. What tiles and kernels are is told in this package's __init__.py.

elementwise   body(x, ...) -> Lanes                   one bar alone
recursive     body(memory, x, ...) -> Lanes | tuple   carries named numbers from bar to bar in `memory`
ranged        body(window, x, ...) -> Lanes           looks at every bar of a window, its first input
composed      rule(call, x, ...) -> Series | tuple    no code of its own: a graph of other kernels, see graphs.py

Inputs are positional, settings keyword-only: constants of the formula such as the length `n`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from ..freezing import frozen
from .lanes import Lanes, Mask

if TYPE_CHECKING:
    from .pasts import Past

Form: TypeAlias = Literal["elementwise", "recursive", "ranged", "moving"]
Body: TypeAlias = Callable[..., Any]
Rows: TypeAlias = Callable[..., int]


class Memory:
    """What a recursion remembers, by name: sixteen numbers each, 0 before a symbol's first bar; and `past` values."""

    def __init__(self, values: Mapping[str, Lanes], past: Past | None = None) -> None:
        self.__dict__.update(values, past=past)

    if TYPE_CHECKING:  # every name that was declared is there
        past: Past

        def __getattr__(self, name: str) -> Lanes: ...
        def __setattr__(self, name: str, value: Lanes) -> None: ...


@frozen(eq=False)
class Kernel:
    """What a kernel reads, writes and remembers; all of it stems from the declaration.

    `memory` names its numbers, `past` counts the values that it keeps of one series, newest first (pasts.py),
    `states(**settings)` says how many rows of sixteen it remembers in all.
    `fresh` is what these rows hold before a symbol's first bar.
    `settled(memory, **settings)` is a mask: once it holds in all lanes, `body` is built with `settled=True`.
    `abreast`: several run side by side (abreast.py).
    """

    name: str
    form: Form
    inputs: int
    outputs: int
    settings: tuple[str, ...]
    body: Body
    memory: tuple[str, ...] = ()
    past: int = 0
    states: Rows = lambda **_: 0
    fresh: float = 0.0
    settled: Callable[..., Mask] | None = None
    abreast: bool = False

    @property
    def symbol(self) -> str:
        """Its name in machine code: the C library has a log and an exp too."""
        return f"barsweep_{self.name}"


KERNELS: Final[dict[str, Kernel]] = {}
"""Every kernel by its name."""

COMPOSED: Final[dict[str, Callable[..., Any]]] = {}
"""Rules of primitives that are graphs of kernels; all other primitives are the kernel of their name."""


def elementwise(body: Body) -> Body:
    """Declare a kernel whose value at a bar comes from that bar of its inputs alone."""
    _enter(body, "elementwise")
    return body


def recursive(
    *memory: str,
    outputs: int = 1,
    past: int = 0,
    settled: Callable[..., Mask] | None = None,
    abreast: bool = False,
) -> Callable[[Body], Body]:
    """Declare a kernel that goes from bar to bar. `settled` splits it in two: while it begins, and afterwards.

    Several that are `abreast` run side by side, which pays for those that most formulas have.
    """

    def declare(body: Body) -> Body:
        rows = len(memory) + past
        facts = {"memory": memory, "past": past, "states": lambda **_: rows, "settled": settled, "abreast": abreast}
        _enter(body, "recursive", outputs, skipped=1, **facts)
        return body

    return declare


def ranged(*, states: Rows = lambda **_: 0, fresh: float = 0.0) -> Callable[[Body], Body]:
    """Declare a kernel that looks at every bar of its window, or keeps them in `states` rows of memory.

    The window, of `n` bars, is the kernel's first input, which has to be looked back at to its oldest bar.
    """

    def declare(body: Body) -> Body:
        _enter(body, "ranged", states=states, fresh=fresh)
        return body

    return declare


def composed(rule: Callable[..., Any]) -> Callable[..., Any]:
    """Declare a primitive as a graph of kernels."""
    COMPOSED[rule.__name__.rstrip("_")] = rule
    return rule


def _enter(body: Body, form: Form, outputs: int = 1, *, skipped: int = 0, **facts: Any) -> None:
    name = body.__name__.rstrip("_")
    if name in KERNELS:
        raise ValueError(f"the kernel {name!r} is declared twice")
    code = body.__code__  # inspect.signature would take longer for all kernels than a small scan
    positional, named = code.co_argcount, code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    assert not code.co_flags & inspect.CO_VARARGS, f"{name}: a kernel says how many inputs it has"
    settings = tuple(each for each in named if each != "settled")
    KERNELS[name] = Kernel(name, form, positional - skipped, outputs, settings, body, **facts)
