"""Sixteen numbers side by side: what kernels compute with.

A kernel's body is written with ordinary operators on `Lanes`; running it once, while the kernel is built, hands each
operation to a `Body`, which makes machine instructions of it. So `if` and `for` in a body are decided when the kernel
is built, and what differs from bar to bar is said with masks and `where`: there are no branches that could keep the
sixteen symbols from going side by side. Arithmetic is plain IEEE: nothing is contracted or reordered, and nothing but
exact functions is called, so a value does not depend on the CPU.
"""

from __future__ import annotations

import math
from typing import Any, Final, Protocol, TypeAlias

LANES: Final = 16
NA: Final = math.nan
"""Undefined. It is carried through arithmetic, and no comparison with it holds."""


class Body(Protocol):
    """Makes instructions of a kernel's operations. Values are its own and opaque."""

    def constant(self, number: float) -> Any:
        """The number in every lane."""

    def arithmetic(self, operation: str, x: Any, y: Any) -> Any:
        """One of add, sub, mul, div."""

    def function(self, name: str, *values: Any) -> Any:
        """One of fabs, sqrt, floor, ceil, trunc, copysign: those that IEEE 754 leaves no choice of."""

    def compare(self, operator: str, x: Any, y: Any) -> Any:
        """A mask; false in lanes where a side is undefined. `!=` is its exception: true there."""

    def logic(self, operation: str, x: Any, y: Any) -> Any:
        """One of and, or, xor on masks."""

    def select(self, mask: Any, yes: Any, no: Any) -> Any:
        """Lane by lane one of two."""

    def every(self) -> Any:
        """The mask that holds in each lane."""

    def pattern(self, bits: int) -> Any:
        """The same 64 bits in every lane."""

    def as_patterns(self, x: Any) -> Any:
        """The bits that numbers are made of."""

    def as_numbers(self, patterns: Any) -> Any:
        """The numbers that bits make."""

    def bitwise(self, operation: str, x: Any, y: Any) -> Any:
        """One of add, and, or, shl, lshr on bits, taken as whole numbers."""


Number: TypeAlias = "Lanes | float"


class Lanes:
    """Sixteen float64; NaN is undefined."""

    __hash__ = None  # type: ignore[assignment] # == makes a mask

    def __init__(self, body: Body, value: Any) -> None:
        self.body, self.value = body, value

    def __add__(self, other: Number) -> Lanes:
        return self._arithmetic("add", self, other)

    def __radd__(self, other: float) -> Lanes:
        return self._arithmetic("add", other, self)

    def __sub__(self, other: Number) -> Lanes:
        return self._arithmetic("sub", self, other)

    def __rsub__(self, other: float) -> Lanes:
        return self._arithmetic("sub", other, self)

    def __mul__(self, other: Number) -> Lanes:
        return self._arithmetic("mul", self, other)

    def __rmul__(self, other: float) -> Lanes:
        return self._arithmetic("mul", other, self)

    def __truediv__(self, other: Number) -> Lanes:
        return self._arithmetic("div", self, other)

    def __rtruediv__(self, other: float) -> Lanes:
        return self._arithmetic("div", other, self)

    def __neg__(self) -> Lanes:
        return self._arithmetic("mul", self, -1.0)

    def __abs__(self) -> Lanes:
        return function("fabs", self)

    def __lt__(self, other: Number) -> Mask:
        return self._compare("<", other)

    def __le__(self, other: Number) -> Mask:
        return self._compare("<=", other)

    def __gt__(self, other: Number) -> Mask:
        return self._compare(">", other)

    def __ge__(self, other: Number) -> Mask:
        return self._compare(">=", other)

    def __eq__(self, other: Number) -> Mask:  # type: ignore[override]
        return self._compare("==", other)

    def __ne__(self, other: Number) -> Mask:  # type: ignore[override]
        return self._compare("!=", other)

    def _arithmetic(self, operation: str, x: Number, y: Number) -> Lanes:
        return Lanes(self.body, self.body.arithmetic(operation, _value(self.body, x), _value(self.body, y)))

    def _compare(self, operator: str, other: Number) -> Mask:
        return Mask(self.body, self.body.compare(operator, self.value, _value(self.body, other)))


class Mask:
    """Sixteen truths."""

    def __init__(self, body: Body, value: Any) -> None:
        self.body, self.value = body, value

    def __and__(self, other: Mask) -> Mask:
        return Mask(self.body, self.body.logic("and", self.value, other.value))

    def __or__(self, other: Mask) -> Mask:
        return Mask(self.body, self.body.logic("or", self.value, other.value))

    def __invert__(self) -> Mask:
        return Mask(self.body, self.body.logic("xor", self.value, self.body.every()))


class Bits:
    """The bits of sixteen numbers, taken as whole numbers of 64 bits without a sign."""

    def __init__(self, body: Body, value: Any) -> None:
        self.body, self.value = body, value

    def __add__(self, number: int) -> Bits:
        return self._operation("add", number)

    def __and__(self, pattern: int) -> Bits:
        return self._operation("and", pattern)

    def __or__(self, pattern: int) -> Bits:
        return self._operation("or", pattern)

    def __lshift__(self, digits: int) -> Bits:
        return self._operation("shl", digits)

    def __rshift__(self, digits: int) -> Bits:
        return self._operation("lshr", digits)

    def _operation(self, name: str, number: int) -> Bits:
        return Bits(self.body, self.body.bitwise(name, self.value, self.body.pattern(number)))


def bits_of(x: Lanes) -> Bits:
    """The bits that the numbers are made of."""
    return Bits(x.body, x.body.as_patterns(x.value))


def number_of(bits: Bits) -> Lanes:
    """The numbers that are made of the bits."""
    return Lanes(bits.body, bits.body.as_numbers(bits.value))


def where(mask: Mask, yes: Number, no: Number) -> Lanes:
    """`yes` in the lanes where the mask holds, `no` in the others."""
    body = mask.body
    return Lanes(body, body.select(mask.value, _value(body, yes), _value(body, no)))


def select(mask: Mask, yes: Mask, no: Mask) -> Mask:
    """Lane by lane one of two masks."""
    return Mask(mask.body, mask.body.select(mask.value, yes.value, no.value))


def function(name: str, *values: Lanes) -> Lanes:
    """One of the functions that `Body.function` names."""
    body = values[0].body
    return Lanes(body, body.function(name, *(each.value for each in values)))


def is_defined(x: Lanes) -> Mask:
    """Where there is a value."""
    return x == x  # noqa: PLR0124 - NaN alone is not itself


def is_finite(x: Lanes) -> Mask:
    """Where there is a value that is not infinite."""
    return (x - x) == 0.0


def finite(x: Lanes) -> Lanes:
    """What would be infinite is undefined."""
    return where(is_finite(x), x, NA)


def larger(x: Lanes, y: Number) -> Lanes:
    """The larger of two; undefined only if `y` is."""
    return where(x > y, x, y)


def smaller(x: Lanes, y: Number) -> Lanes:
    """The smaller of two; undefined only if `y` is."""
    return where(x < y, x, y)


def truth(holds: Mask, fails: Mask) -> Lanes:
    """A condition's value: 1 where it holds, 0 where it fails, undefined elsewhere."""
    return where(holds, 1.0, where(fails, 0.0, NA))


def indicator(mask: Mask) -> Lanes:
    """1 where the mask holds, else 0."""
    return where(mask, 1.0, 0.0)


def _value(body: Body, number: Number) -> Any:
    return number.value if isinstance(number, Lanes) else body.constant(number)
