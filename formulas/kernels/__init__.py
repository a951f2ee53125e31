"""Machine-code kernels for the primitives.

A tile is sixteen symbols side by side, a register a block of rows of sixteen numbers, float64, NaN for undefined and 0
and 1 for conditions. Ahead of a block's first row a register keeps as many earlier rows as its readers look back at.
Kernels (declaring.py) are written on `Lanes` (lanes.py); building.py and emitting.py make LLVM instructions of them,
compiler.py machine code, which sweeping.py's loop runs block after block. graphs.py says which kernels make up a
primitive, fusing.py which two run as one, registers.py where values lie (steps.py), machine.py runs the result over
columns.
For bars that arrive one by one, single_rows.py lays the same graph out for rows, standing.py runs it, warming.py makes
the states that past bars leave.

Those across symbols (ranking.py, levelling.py) are written on a `Section` (crossing.py): sections.py lays all symbols
of a ts side by side, parting.py its groups, ordering.py sorts.
"""

from __future__ import annotations

from . import (
    adaptive,
    angles,
    arithmetic,
    averages,
    counts,
    cycles,
    events,
    extremes,
    following,
    fusing,
    hyperbolic,
    logic,
    moments,
    partial,
    partial_orders,
    quantiles,
    ranges,
    rounding,
    shapes,
    swings,
    trailing,
    varying,
    weights,
)
from .declaring import COMPOSED, KERNELS
from .holding import HoldingGraph

__all__ = [
    "COMPOSED",
    "KERNELS",
    "HoldingGraph",
    "adaptive",
    "angles",
    "arithmetic",
    "averages",
    "counts",
    "cycles",
    "events",
    "extremes",
    "following",
    "fusing",
    "hyperbolic",
    "logic",
    "moments",
    "partial",
    "partial_orders",
    "quantiles",
    "ranges",
    "rounding",
    "shapes",
    "swings",
    "trailing",
    "varying",
    "weights",
]
