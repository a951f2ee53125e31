"""Look-ahead in its disguises: what people write to see bars that are yet to come, and what is said instead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..kinds import Kind
from ..nodes import Constant
from .values import Value

NEVER: Final = "no bar knows the bars after it; x[n] is the value n bars ago"
PIVOT: Final = (
    "a pivot is known only later: pivot_high(high, n, n) tells it n bars on, "
    "zigzag(close, 5) once the close is 5 % off it"
)
CENTRED: Final = "a window ends at its bar, it is never centred on it: what stands in it n bars later is x[n]"
FORMING: Final = 'timeframe("1w", x) sees completed bars; timeframe("1w", x, forming=true) says that it shows more'

FUNCTIONS: Final = {
    **dict.fromkeys(("lead", "future", "next", "tomorrow", "peek", "forward_return", "fwd_return"), NEVER),
    **dict.fromkeys(("refx", "refxv", "backset", "const", "currbarscount", "barsnext", "triple_barrier"), NEVER),
    **dict.fromkeys(
        ("pivot_high", "pivot_low", "pivothigh", "pivotlow", "zigzag", "zig", "peak", "trough", "peakbars"), PIVOT
    ),
    **dict.fromkeys(("troughbars", "swing_high", "swing_low", "fractal", "fractals"), PIVOT),
    **dict.fromkeys(("centered_ma", "filtfilt", "savgol", "hodrick_prescott", "xma"), CENTRED),
}
"""Functions of other languages that read later bars, as they are usually defined, and the way out."""

PARAMETERS: Final = {
    **dict.fromkeys(("center", "centered", "centred"), CENTRED),
    **dict.fromkeys(("lookahead", "look_ahead", "repaint"), FORMING),
}
"""Parameters that would let later bars in, and the way out."""

SHIFTS: Final = frozenset({"ref", "delay", "shift", "lag", "displace", "offset"})
"""Functions of other languages that go back by a positive number, and forward by a negative one."""

NEGATIVE: Final = "a negative one would look into the future"


def looks_ahead(function: str, arguments: Iterable[Value]) -> str:
    """The way out where a call of that unknown function would see later bars, else an empty text."""
    last = function.lower().rpartition(".")[2]
    if last in SHIFTS and any(map(is_negative, arguments)):
        return NEVER
    return FUNCTIONS.get(last, "")


def is_negative(value: object) -> bool:
    """Whether a value is a constant that counts backwards: a number below 0, or a stretch of time such as "-1y"."""
    if not isinstance(value, Constant):
        return False
    if value.kind is Kind.NUMBER and isinstance(value.value, float):
        return value.value < 0
    return isinstance(value.value, str) and value.value[:1] == "-" and value.value[1:2].isdigit()
