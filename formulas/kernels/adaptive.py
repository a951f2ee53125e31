"""Averages whose weight differs from bar to bar, and those that weigh all values so far; running products."""

from __future__ import annotations

from .declaring import Memory, recursive
from .lanes import NA, Lanes, is_finite, where


@recursive("begun", "value")
def adaptive(memory: Memory, x: Lanes, alpha: Lanes, before: Lanes) -> Lanes:
    """The value before plus alpha times the distance from it to `x`; the first time, `before` stands for that value.

    A bar with an undefined input, or whose step overflows, is undefined and leaves the memory as it was.
    """
    last = where(memory.begun == 1.0, memory.value, before)
    new = last + alpha * (x - last)
    known = is_finite(new)
    memory.begun = where(known, 1.0, memory.begun)
    memory.value = where(known, new, memory.value)
    return where(known, new, NA)


@recursive("weight", "mean")
def ewm_mean(memory: Memory, x: Lanes, *, alpha: Lanes, ignore_na: Lanes) -> Lanes:
    """The mean of all values so far, of which the one k bars ago weighs (1 - alpha)^k.

    Memory: the weight of all values, and their mean. Weights fade at a hole too, unless holes are ignored.
    """
    faded = memory.weight * (1.0 - alpha)
    total = faded + 1.0
    new = memory.mean + (x - memory.mean) / total
    known = is_finite(new)
    memory.weight = where(known, total, where(ignore_na == 1.0, memory.weight, faded))
    memory.mean = where(known, new, memory.mean)
    return where(known, new, NA)


@recursive("weight", "squares", "mean", "variance")
def ewm_variance(memory: Memory, x: Lanes, *, alpha: Lanes, ignore_na: Lanes) -> Lanes:
    """The variance about `ewm_mean` with the same weights, as that of a sample.

    Memory: the sums of the weights and of their squares, the mean, the population's variance.
    """
    kept = 1.0 - alpha
    faded, squares = memory.weight * kept, memory.squares * kept * kept
    total = faded + 1.0
    gap = x - memory.mean
    mean = memory.mean + gap / total
    spread = memory.variance + gap * gap / total
    known = is_finite(mean) & is_finite(spread)
    # a hole fades the weights, unless holes are ignored
    still = ignore_na == 1.0
    memory.weight = where(known, total, where(still, memory.weight, faded))
    memory.squares = where(known, squares + 1.0, where(still, memory.squares, squares))
    memory.mean = where(known, mean, memory.mean)
    memory.variance = where(known, faded / total * spread, memory.variance)
    # total^2 - (squares + 1), without the ones
    sample = faded * total / (2.0 * faded + (faded * faded - squares))
    return where(known & is_finite(sample * spread), sample * spread, NA)


@recursive("begun", "product")
def cumulative_product(memory: Memory, x: Lanes) -> Lanes:
    """The product of all values so far; undefined ones, and a step that overflows, are passed over."""
    new = where(memory.begun == 1.0, memory.product, 1.0) * x
    known = is_finite(new)
    memory.begun = where(known, 1.0, memory.begun)
    memory.product = where(known, new, memory.product)
    return where(known, new, NA)
