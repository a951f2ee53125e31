"""Stops that trail the price: state machines that no Polars expression says, run by compiled kernels."""

from __future__ import annotations

from ..declaring import recursive
from ..kinds import CLOSE, Factor, Kind, Numbers
from ..scope import Scope


@recursive(warmup=lambda *_: 1)
def parabolic(scope: Scope, high: Numbers, low: Numbers, start: Factor, step: Factor, max: Factor) -> Numbers:
    """Wilder's parabolic stop and reverse (1978), as TA-Lib computes it.

    The first direction comes from the first two bars' directional movement.
    """
    return scope.kernel("parabolic", [high, low], [start, step, max])[0]


@recursive(outputs={"line": Kind.NUMBER, "direction": Kind.NUMBER})
def trailing_band(scope: Scope, middle: Numbers, width: Numbers, x: Numbers = CLOSE) -> tuple[Numbers, Numbers]:
    """A stop `width` from `middle` that only tightens until `x` crosses it: `line`, and `direction` (1 up, -1 down).

    As TradingView's ta.supertrend carries its bands (with the sign of direction turned round).
    """
    line, direction = scope.kernel("trailing_band", [middle, width, x], [], outputs=2)
    return line, direction
