"""Lines that follow a series by rules of their own: state machines that no Polars expression says."""

from __future__ import annotations

from ..declaring import recursive
from ..kinds import CLOSE, Factor, Kind, Numbers, Share
from ..scope import Scope


@recursive(bounded=True)
def hump(scope: Scope, x: Numbers, threshold: Numbers) -> Numbers:
    """The value before, as long as `x` is no more than `threshold` away from it; then `x` itself. Begins with `x`.

    WorldQuant BRAIN's hump takes a share of what all symbols hold: `hump(x, 0.01 * across_sum(abs(x)))`.
    """
    return scope.kernel("hump", [x, threshold], [])[0]


@recursive()
def leaky_sum(scope: Scope, x: Numbers = CLOSE, keep: Share = 0.5, limit: Factor = 1e9, held: Factor = 1e9) -> Numbers:
    """`x` plus the share `keep` of the value before, which is 0 at first; beyond `limit`, either way, it is `held`.

    A bar where `x` is undefined is passed over.
    """
    return scope.kernel("leaky_sum", [x], [keep, limit, held])[0]


@recursive()
def mcginley_from(scope: Scope, x: Numbers, before: Numbers, length: Factor = 14.0) -> Numbers:
    """McGinley's dynamic: the value before plus the distance from it to `x`, over `length` times (x / value) ^ 4.

    `before` stands for the value one bar ago at the first bar where both are defined; later on it is not read.
    """
    return scope.kernel("mcginley_from", [x, before], [length])[0]


@recursive(outputs={"line": Kind.NUMBER, "direction": Kind.NUMBER})
def reversing_stop(scope: Scope, x: Numbers, width: Numbers) -> tuple[Numbers, Numbers]:
    """A stop `width` behind the furthest `x` since it last turned, up to the bar before: `line`, and `direction`.

    Where `x` lies beyond it, direction turns (1 up, -1 down; it begins with up), and the next bar has the stop of the
    other side. Unlike a trailing stop it may widen again with `width`.
    """
    line, direction = scope.kernel("reversing_stop", [x, width], [], outputs=2)
    return line, direction
