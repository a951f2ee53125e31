"""Ehlers' cycles by the Hilbert transform (Rocket Science for Traders, 2001), begun and cut as TA-Lib does.

`hilbert` finds the length of the dominant cycle, bar by bar; the other kernels read its outputs. A bar whose price is
undefined, or so large that products would overflow, is passed over by all of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from .angles import arc_tangent, sine_and_cosine
from .declaring import Memory, composed, recursive
from .lanes import NA, Lanes, Mask, function, indicator, is_defined, larger, smaller, truth, where

if TYPE_CHECKING:
    from .graphs import Call, Series

LARGEST_PRICE: Final = 1e100
LONGEST_CYCLE: Final = 50
TURN: Final = 2.0 * math.pi
DEGREE: Final = math.pi / 180.0
SOON: Final = 12
"""Bars that TA-Lib smooths before the transform begins: so many for the cycle's length, the phasor and MAMA ..."""
LATE: Final = 37
"""... and so many for the phase, the trend line and the mode."""
HELD_BACK_SOON: Final = 20
HELD_BACK_LATE: Final = 26
"""Bars of the transform, then, that TA-Lib does not show: it begins at bar 32 or 63."""

PRICES: Final = tuple(f"price{k}" for k in range(1, 4))
SMOOTH: Final = tuple(f"smooth{k}" for k in range(1, 7))
DETREND: Final = tuple(f"detrend{k}" for k in range(1, 10))
QUADRATURE: Final = tuple(f"quadrature{k}" for k in range(1, 7))


@composed
def ht_dcperiod(call: Call, x: Series) -> Series:
    """The length of the dominant cycle."""
    period = call("hilbert", x, skip=SOON).beside(3)
    return call("held_back", period, period, bars=HELD_BACK_SOON)


@composed
def ht_phasor(call: Call, x: Series) -> tuple[Series, ...]:
    """The cycle's two parts."""
    found = call("hilbert", x, skip=SOON)
    return tuple(call("held_back", found.beside(k), found, bars=HELD_BACK_SOON) for k in (1, 2))


@composed
def ht_dcphase(call: Call, x: Series) -> Series:
    """The phase of the dominant cycle."""
    phase = _phase(call, x)
    return call("held_back", phase.beside(1), phase, bars=HELD_BACK_LATE)


@composed
def ht_trendline(call: Call, x: Series) -> Series:
    """The price without its dominant cycle."""
    trend = _trend(call, x)
    return call("held_back", trend, trend, bars=HELD_BACK_LATE)


@composed
def ht_trendmode(call: Call, x: Series) -> Series:
    """Whether the price trends."""
    found = call("hilbert", x, skip=LATE)
    mode = call("cycle_mode", found, found.beside(3), _phase(call, x), _trend(call, x))
    return call("held_back", mode, mode, bars=HELD_BACK_LATE)


@composed
def mama(call: Call, x: Series, *, fast: float, slow: float) -> tuple[Series, ...]:
    """The average that follows the phase, and the one that follows it."""
    found = call("hilbert", x, skip=SOON)
    average = call("phase_average", x, found.beside(1), found.beside(2), fast=fast, slow=slow)
    return tuple(call("held_back", average.beside(k), found, bars=HELD_BACK_SOON) for k in (0, 1))


def _phase(call: Call, x: Series) -> Series:
    found = call("hilbert", x, skip=LATE)
    return call("cycle_phase", found, found.beside(3))


def _trend(call: Call, x: Series) -> Series:
    return call("cycle_trend", x, call("hilbert", x, skip=LATE).beside(3))


@recursive("seen")
def held_back(memory: Memory, x: Lanes, runs: Lanes, *, bars: Lanes) -> Lanes:
    """`x`, undefined at the first `bars` bars where `runs` is defined."""
    shown = memory.seen >= bars
    memory.seen = memory.seen + indicator(is_defined(runs))
    return where(shown, x, NA)


@recursive(
    "bars", "in_phase", "quadrature", "real", "imaginary", "period", "smooth_period",
    *PRICES, *SMOOTH, *DETREND, *QUADRATURE, outputs=4,
)  # fmt: skip
def hilbert(memory: Memory, x: Lanes, *, skip: Lanes) -> tuple[Lanes, Lanes, Lanes, Lanes]:
    """The smoothed price, its part in phase and in quadrature, and the smoothed length of the dominant cycle.

    The first `skip` bars are but smoothed. Memory: bars so far; the smoothed parts, and the real and imaginary part of
    how they turn from bar to bar; the cycle's length, and that smoothed; then what was before, by its age.
    """
    known = _is_price(x)
    runs = known & (memory.bars >= skip)
    smooth = 0.4 * x + 0.3 * memory.price1 + 0.2 * memory.price2 + 0.1 * memory.price3
    gain = 0.075 * memory.period + 0.54
    detrended = _turned(smooth, memory, SMOOTH) * gain
    quadrature = _turned(detrended, memory, DETREND) * gain
    in_phase = memory.detrend3
    ahead = _turned(in_phase, memory, DETREND[3:]) * gain
    behind = _turned(quadrature, memory, QUADRATURE) * gain
    period = _cycle_length(memory, runs, in_phase - behind, quadrature + ahead)
    memory.bars = memory.bars + indicator(known)
    _remember(memory, PRICES, x, known)
    for names, value in ((SMOOTH, smooth), (DETREND, detrended), (QUADRATURE, quadrature)):
        _remember(memory, names, value, runs)
    return tuple(where(runs, each, NA) for each in (smooth, in_phase, quadrature, period))  # type: ignore[return-value]


def _turned(now: Lanes, memory: Memory, names: tuple[str, ...]) -> Lanes:
    """The Hilbert transform of a series, cut to seven bars: a quarter turn later, whatever its period."""
    two, four, six = (_lanes(memory, names[age - 1]) for age in (2, 4, 6))
    return 0.0962 * now - 0.0962 * six - 0.5769 * four + 0.5769 * two


def _cycle_length(memory: Memory, runs: Mask, in_phase: Lanes, quadrature: Lanes) -> Lanes:
    """From the angle by which the smoothed phasor has turned since the bar before; smoothed, in limited steps."""
    in_phase = 0.2 * in_phase + 0.8 * memory.in_phase
    quadrature = 0.2 * quadrature + 0.8 * memory.quadrature
    turned = in_phase * memory.in_phase + quadrature * memory.quadrature
    across = in_phase * memory.quadrature - quadrature * memory.in_phase
    real, imaginary = 0.2 * turned + 0.8 * memory.real, 0.2 * across + 0.8 * memory.imaginary
    before = memory.period
    is_turning = (real != 0.0) & (imaginary != 0.0)
    length = where(is_turning, TURN / arc_tangent(imaginary / real), before)
    length = larger(smaller(length, 1.5 * before), 0.67 * before)
    length = smaller(larger(length, 6.0), float(LONGEST_CYCLE))
    period = 0.2 * length + 0.8 * before
    smooth_period = 0.33 * period + 0.67 * memory.smooth_period
    for name, value in {
        "in_phase": in_phase, "quadrature": quadrature, "real": real, "imaginary": imaginary,
        "period": period, "smooth_period": smooth_period,
    }.items():  # fmt: skip
        setattr(memory, name, where(runs, value, _lanes(memory, name)))
    return smooth_period


def _remember(memory: Memory, names: tuple[str, ...], value: Lanes, mask: Mask) -> None:
    """Every value becomes a bar older, where the mask holds."""
    for name in names:
        old = _lanes(memory, name)
        setattr(memory, name, where(mask, value, old))
        value = old


@recursive(past=LONGEST_CYCLE, outputs=2)
def cycle_phase(memory: Memory, smooth: Lanes, period: Lanes) -> tuple[Lanes, Lanes]:
    """The phase, in degrees, of the last cycle of the smoothed price; and that again, but undefined where it is flat.

    The cycle's real and imaginary parts are summed over one period, of distances from now: equal prices give 0 exactly.
    (Where the imaginary part is 0, TA-Lib adds to the phase before; here it is a quarter turn, as in Ehlers' book.)
    """
    known = is_defined(smooth)
    memory.past.push(smooth, known)
    count = function("floor", period + 0.5)
    sine, cosine = sine_and_cosine(TURN / larger(count, 1.0))
    nothing = smooth * 0.0

    def step(age: Lanes, price: Lanes, carried: list[Lanes]) -> list[Lanes]:
        real, imaginary, up, along = carried
        gap = where(age < count, price - smooth, 0.0)
        turned = up * cosine + along * sine, along * cosine - up * sine
        return [real + up * gap, imaginary + along * gap, *turned]

    real, imaginary, _, _ = memory.past.fold([nothing, nothing, nothing, nothing + 1.0], step)
    is_flat = (real == 0.0) & (imaginary == 0.0)
    phase = where(is_flat, 0.0, arc_tangent(real / imaginary) * (1.0 / DEGREE)) + 90.0 + 360.0 / period
    phase = where(imaginary < 0.0, phase + 180.0, phase)
    phase = where(phase > 315.0, phase - 360.0, phase)
    return where(known, phase, NA), where(known & ~is_flat, phase, NA)


@recursive("mean1", "mean2", "mean3", past=LONGEST_CYCLE)
def cycle_trend(memory: Memory, x: Lanes, period: Lanes) -> Lanes:
    """The price's mean over one period, smoothed over four bars. Memory: the last three means, and prices."""
    memory.past.push(x, _is_price(x))
    known = is_defined(period)
    count = function("floor", period + 0.5)

    def step(age: Lanes, price: Lanes, carried: list[Lanes]) -> list[Lanes]:
        return [carried[0] + where(age < count, price, 0.0)]

    (total,) = memory.past.fold([count * 0.0], step)
    mean = where(count > 0.0, total / count, 0.0)
    trend = (4.0 * mean + 3.0 * memory.mean1 + 2.0 * memory.mean2 + memory.mean3) / 10.0
    _remember(memory, ("mean1", "mean2", "mean3"), mean, known)
    return where(known, trend, NA)


@recursive("phase", "sine", "lead", "days")
def cycle_mode(memory: Memory, smooth: Lanes, period: Lanes, phase: Lanes, trend: Lanes) -> Lanes:
    """True in a trend: half a cycle after the sine crossed its lead, unless the phase turns as in a cycle.

    True as well where the price is 1.5 % or more off the trend line. Memory: of the bar before the phase, its sine and
    the lead; bars since they crossed.
    """
    known = is_defined(phase)
    sine, lead = sine_and_cosine(phase * DEGREE)[0], sine_and_cosine((phase + 45.0) * DEGREE)[0]
    crossed = ((sine > lead) & (memory.sine <= memory.lead)) | ((sine < lead) & (memory.sine >= memory.lead))
    days = where(crossed, 1.0, memory.days + 1.0)
    turned = phase - memory.phase
    turns = (turned > 0.67 * 360.0 / period) & (turned < 1.5 * 360.0 / period)
    far = abs((smooth - trend) / trend) >= 0.015
    cycles = (crossed | (days < 0.5 * period) | turns) & ~far
    for name, value in {"phase": phase, "sine": sine, "lead": lead, "days": days}.items():
        setattr(memory, name, where(known, value, _lanes(memory, name)))
    return where(known, truth(~cycles, cycles), NA)


@recursive("phase", "mama", "fama", outputs=2)
def phase_average(
    memory: Memory, x: Lanes, in_phase: Lanes, quadrature: Lanes, *, fast: Lanes, slow: Lanes
) -> tuple[Lanes, Lanes]:
    """An average that is the faster, the slower the phase falls, from `slow` to `fast`; and one half as fast of it."""
    known = is_defined(in_phase)
    phase = where(in_phase != 0.0, arc_tangent(quadrature / in_phase) * (1.0 / DEGREE), 0.0)
    fallen = larger(memory.phase - phase, 1.0)
    alpha = where(fallen > 1.0, larger(fast / fallen, slow), fast)
    mama = alpha * x + (1.0 - alpha) * memory.mama
    fama = 0.5 * alpha * mama + (1.0 - 0.5 * alpha) * memory.fama
    for name, value in {"phase": phase, "mama": mama, "fama": fama}.items():
        setattr(memory, name, where(known, value, _lanes(memory, name)))
    return where(known, mama, NA), where(known, fama, NA)


def _is_price(x: Lanes) -> Mask:
    return abs(x) <= LARGEST_PRICE


def _lanes(memory: Memory, name: str) -> Lanes:
    found: Lanes = getattr(memory, name)
    return found
