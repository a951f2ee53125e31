"""Swings of the price, whose pivots are told once they are certain: state machines, run by compiled kernels."""

from __future__ import annotations

from ..declaring import recursive
from ..kinds import HIGH, LOW, Factor, Kind, Numbers
from ..scope import Scope

NUMBER = Kind.NUMBER


@recursive(
    by_event=True, bounded=True, outputs={"pivot": NUMBER, "direction": NUMBER, "bars": NUMBER, "extreme": NUMBER}
)
def swings(
    scope: Scope, up: Numbers = HIGH, down: Numbers = LOW, percent: Factor = 5.0
) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """The latest confirmed pivot: its price, the direction since (1 up, -1 down), the bars since, the extreme since.

    A top is confirmed at the bar where `down` is `percent` below it, a bottom where `up` is so much above it. Nothing
    is ever changed afterwards: unlike the zigzag lines of charts, this one does not know the future.
    """
    pivot, direction, bars, extreme = scope.kernel("swings", [up, down], [percent], outputs=4)
    return pivot, direction, bars, extreme
