"""Machine-code kernels for every primitive along time; importing this package alone does not import numba.

All have one form (see tiles.py for what a register is):

    kernel(inputs..., head, rows, settings..., state, scratch, outputs...)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final


def _none(*_: float) -> int:
    return 0


def _itself(n: float) -> int:
    return int(n)


def _one_less(n: float) -> int:
    return int(n) - 1


@dataclass(frozen=True, slots=True)
class Kernel:
    """Where a kernel is found, without importing it, and what has to be supplied when it is called.

    `states`: rows of its state. `outputs`: registers it writes. `scratch`: registers it uses in between.
    `head(*settings)`: how many rows of history it reads, at the least, ahead of its inputs' first row.
    """

    module: str
    name: str
    states: int = 0
    outputs: int = 1
    scratch: int = 0
    head: Callable[..., int] = _none


def _plain(module: str, names: str) -> dict[str, Kernel]:
    """Kernels of one bar: a trailing underscore keeps clear of Python's own names."""
    return {name.rstrip("_"): Kernel(module, name) for name in names.split()}


def _windows(module: str, names: str, scratch: int) -> dict[str, Kernel]:
    return {name.rstrip("_"): Kernel(module, name, scratch=scratch, head=_one_less) for name in names.split()}


KERNELS: Final = {
    **_plain("arithmetic", "add subtract multiply divide power negate mod abs_ sign sqrt log exp"),
    **_plain("rounding", "floor ceil round_ max_ min_"),
    **_plain("logic", "less at_most greater no_less equal differs both either not_ if_ defined nz"),
    **_windows("extremes", "highest lowest", scratch=2),
    **_windows("extremes", "highest_bar lowest_bar", scratch=6),
    **_windows("moments", "sum_ sma", scratch=4),
    **_windows("moments", "variance slope", scratch=8),
    **_windows("moments", "covariance", scratch=12),
    **_windows("moments", "correlation", scratch=14),
    **_windows("deviation", "mean_deviation", scratch=6),
    **_windows("sorted", "median", scratch=2),
    **_windows("sorted", "rank_over", scratch=1),
    "percent_rank": Kernel("sorted", "percent_rank", scratch=1, head=_itself),
    "ago_bars": Kernel("counts", "ago_bars", head=_itself),
    "bar_index": Kernel("counts", "bar_index", states=1),
    "count": Kernel("counts", "count", states=2, head=_itself),
    "exist": Kernel("counts", "exist", states=3),
    "every": Kernel("counts", "every", states=3),
    "ema": Kernel("averages", "ema", states=2),
    "rma": Kernel("averages", "rma", states=2),
    "cumulative": Kernel("averages", "cumulative", states=1),
    "parabolic": Kernel("trailing", "parabolic", states=7),
    "trailing_band": Kernel("trailing", "trailing_band", states=5, outputs=2),
    "bars_since": Kernel("events", "bars_since", states=1),
    "value_when": Kernel("events", "value_when", states=2),
    "highest_since": Kernel("events", "highest_since", states=2),
    "lowest_since": Kernel("events", "lowest_since", states=2),
    "sum_since": Kernel("events", "sum_since", states=2),
    "count_since": Kernel("events", "count_since", states=1),
    "exrem": Kernel("events", "exrem", states=1),
}
"""The kernel of each primitive by its name. `max` and `min` take two inputs: more are folded by the caller."""

# in the form that PolarsExecutor runs until tiles.run_kernel takes the common form (then these three go)
SAR: Final = Kernel("trailing", "sar", states=7)
TRAILING_BAND: Final = Kernel("trailing", "trailing_band", states=5, outputs=2)
MEAN_DEVIATION: Final = Kernel("deviation", "mean_deviation")
