"""Ehlers' cycles by the Hilbert transform: recursions that no Polars expression says, run by compiled kernels."""

from __future__ import annotations

from ..declaring import recursive
from ..kinds import CLOSE, Booleans, Kind, Numbers, Share
from ..scope import Scope

SOON = 32
LATE = 63


@recursive(warmup=lambda: SOON)
def ht_dcperiod(scope: Scope, x: Numbers = CLOSE) -> Numbers:
    """The length of the dominant cycle in bars, some 6 to 50, by the Hilbert transform (Ehlers 2001). As in TA-Lib."""
    return scope.kernel("ht_dcperiod", [x], [])[0]


@recursive(warmup=lambda: LATE)
def ht_dcphase(scope: Scope, x: Numbers = CLOSE) -> Numbers:
    """The phase of the dominant cycle in degrees, -45 to 315 (Ehlers 2001). As in TA-Lib.

    Undefined while the price is flat over a whole cycle, where TA-Lib's phase is that of rounding errors.
    """
    return scope.kernel("ht_dcphase", [x], [])[0]


@recursive(warmup=lambda: SOON, outputs={"inphase": Kind.NUMBER, "quadrature": Kind.NUMBER})
def ht_phasor(scope: Scope, x: Numbers = CLOSE) -> tuple[Numbers, Numbers]:
    """The dominant cycle's parts in phase and a quarter turn later (Ehlers 2001). As in TA-Lib."""
    inphase, quadrature = scope.kernel("ht_phasor", [x], [], outputs=2)
    return inphase, quadrature


@recursive(warmup=lambda: LATE)
def ht_trendline(scope: Scope, x: Numbers = CLOSE) -> Numbers:
    """The instantaneous trend line: the mean over the dominant cycle's length, smoothed (Ehlers 2001). As in TA-Lib."""
    return scope.kernel("ht_trendline", [x], [])[0]


@recursive(warmup=lambda: LATE)
def ht_trendmode(scope: Scope, x: Numbers = CLOSE) -> Booleans:
    """Whether the price trends rather than cycles (Ehlers 2001): TA-Lib's HT_TRENDMODE, where 1 is true."""
    return scope.kernel("ht_trendmode", [x], [])[0] == 1.0


@recursive(warmup=lambda *_: SOON, outputs={"mama": Kind.NUMBER, "fama": Kind.NUMBER})
def mama(scope: Scope, x: Numbers = CLOSE, fast: Share = 0.5, slow: Share = 0.05) -> tuple[Numbers, Numbers]:
    """MESA adaptive moving average (Ehlers 2001), and the average half as fast that follows it. As in TA-Lib.

    The less the phase turns, the nearer its weight is to `fast`; it is never below `slow`.
    """
    average, following = scope.kernel("mama", [x], [fast, slow], outputs=2)
    return average, following
