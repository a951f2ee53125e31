"""Machine-code kernels for what Polars has no expression for; importing this package alone does not import numba."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Kernel:
    """Where a kernel is found, without importing it: its module here, its name, how many states and outputs it has."""

    module: str
    name: str
    states: int
    outputs: int = 1


SAR: Final = Kernel("trailing", "sar", states=7)
TRAILING_BAND: Final = Kernel("trailing", "trailing_band", states=5, outputs=2)
MEAN_DEVIATION: Final = Kernel("deviation", "mean_deviation", states=0)
