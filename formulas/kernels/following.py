"""Lines that follow a series by rules of their own: held, leaking, dynamic, and a stop that reverses."""

from __future__ import annotations

from .declaring import Memory, recursive
from .lanes import NA, Lanes, is_finite, larger, smaller, where


@recursive("begun", "value")
def hump(memory: Memory, x: Lanes, threshold: Lanes) -> Lanes:
    """The value before, until `x` is more than `threshold` away from it; then `x`.

    A bar with an undefined input is undefined and leaves the memory as it was.
    """
    known = is_finite(x) & is_finite(threshold)
    moves = (memory.begun == 0.0) | (abs(x - memory.value) > threshold)
    new = where(moves, x, memory.value)
    memory.begun = where(known, 1.0, memory.begun)
    memory.value = where(known, new, memory.value)
    return where(known, new, NA)


@recursive("value")
def leaky_sum(memory: Memory, x: Lanes, *, keep: Lanes, limit: Lanes, held: Lanes) -> Lanes:
    """`x` plus `keep` times the value before, 0 at first; beyond `limit` either way it is `held`, with its sign.

    A bar where `x` is undefined, or whose step overflows, is undefined and leaves the memory as it was.
    """
    total = x + keep * memory.value
    known = is_finite(total)
    new = where(total > limit, held, where(total < -limit, -held, total))
    memory.value = where(known, new, memory.value)
    return where(known, new, NA)


@recursive("begun", "value")
def mcginley_from(memory: Memory, x: Lanes, before: Lanes, *, length: Lanes) -> Lanes:
    """The value before plus the distance to `x` over `length` times the fourth power of x / value.

    The first time, `before` stands for the value before. A bar with an undefined input, or whose step is not finite,
    is undefined and leaves the memory as it was.
    """
    last = where(memory.begun == 1.0, memory.value, before)
    ratio = x / last
    square = ratio * ratio
    new = last + (x - last) / (length * (square * square))
    known = is_finite(new)
    memory.begun = where(known, 1.0, memory.begun)
    memory.value = where(known, new, memory.value)
    return where(known, new, NA)


@recursive("direction", "extreme", outputs=2)
def reversing_stop(memory: Memory, x: Lanes, width: Lanes) -> tuple[Lanes, Lanes]:
    """A stop `width` from the furthest `x` from the last flip to the bar before; it flips when `x` lies beyond.

    Direction is 1 up, -1 down, after the bar. The first defined bar is up. A bar with an undefined input, or whose stop
    is not finite, is undefined and leaves the memory as it was.
    """
    begins = memory.direction == 0.0
    side = where(begins, 1.0, memory.direction)
    last = where(begins, x, memory.extreme)
    stop = last - side * width
    known = is_finite(x) & is_finite(stop)
    flips = side * (x - stop) < 0.0
    direction = where(flips, -side, side)
    extreme = where(flips, x, where(side > 0.0, larger(last, x), smaller(last, x)))
    memory.direction = where(known, direction, memory.direction)
    memory.extreme = where(known, extreme, memory.extreme)
    return where(known, stop, NA), where(known, direction, NA)
