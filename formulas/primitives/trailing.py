"""Stops that trail the price: state machines that no Polars expression says, run by compiled kernels."""

from __future__ import annotations

from ..declaring import recursive
from ..kinds import CLOSE, Factor, Kind, Level, Numbers
from ..scope import Scope


@recursive(warmup=lambda *_: 1)
def parabolic(scope: Scope, high: Numbers, low: Numbers, start: Factor, step: Factor, max: Factor) -> Numbers:
    """Wilder's parabolic stop and reverse (1978), as TA-Lib computes it.

    The first direction comes from the first two bars' directional movement.
    """
    return scope.kernel("parabolic", [high, low], [start, step, max])[0]


@recursive(warmup=lambda *_: 1)
def parabolic_extended(
    scope: Scope,
    high: Numbers,
    low: Numbers,
    start_value: Level = 0.0,
    offset: Factor = 0.0,
    start_long: Factor = 0.02,
    step_long: Factor = 0.02,
    max_long: Factor = 0.2,
    start_short: Factor = 0.02,
    step_short: Factor = 0.02,
    max_short: Factor = 0.2,
) -> Numbers:
    """The parabolic stop with an acceleration for each side, negative while short, as TA-Lib's SAREXT.

    `start_value` is the first stop, long above 0 and short below; 0 takes both from the first two bars. At a flip the
    stop is moved away by `offset` of itself.
    """
    pace = [start_long, step_long, max_long, start_short, step_short, max_short]
    return scope.kernel("parabolic_extended", [high, low], [start_value, offset, *pace])[0]


@recursive(outputs={"line": Kind.NUMBER, "direction": Kind.NUMBER})
def trailing_band(scope: Scope, middle: Numbers, width: Numbers, x: Numbers = CLOSE) -> tuple[Numbers, Numbers]:
    """A stop `width` from `middle` that only tightens until `x` crosses it: `line`, and `direction` (1 up, -1 down).

    As TradingView's ta.supertrend carries its bands (with the sign of direction turned round).
    """
    line, direction = scope.kernel("trailing_band", [middle, width, x], [], outputs=2)
    return line, direction


@recursive(outputs={"line": Kind.NUMBER, "direction": Kind.NUMBER})
def trailing_stop(scope: Scope, lower: Numbers, upper: Numbers, x: Numbers = CLOSE) -> tuple[Numbers, Numbers]:
    """A stop below while `x` goes up and above while it goes down: `line`, and `direction` (1 up, -1 down).

    `lower` and `upper` are where the stops would be now. Each only tightens while `x` was on its right side; `x` turns
    the direction when it crosses the other side's stop of the bar before.
    """
    line, direction = scope.kernel("trailing_stop", [lower, upper, x], [], outputs=2)
    return line, direction
