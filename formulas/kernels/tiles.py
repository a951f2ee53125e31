"""Tiles: 16 symbols side by side, so that a recursion along time runs 16 wide.

A register is a flat array of (head + rows) * LANES numbers: first `head` rows of history (NaN before a symbol's first
bar), then the `rows` bars at hand; row r of the symbol in lane l stands at r * LANES + l. Shorter symbols are filled up
with NaN, which means undefined; conditions are 0, 1 or NaN, and all other numbers are finite. A kernel has the form

    kernel(inputs..., head, rows, settings..., state, scratch, outputs...)

with inputs and outputs as registers, settings as float64, `state` as [states, LANES], zero before a symbol's first bar,
and `scratch` flat, as large as the kernel's number of registers. It reads any row of its inputs and writes the rows
from `head` on of its outputs, which are other registers than the inputs. So a run over some bars, with the history
that the kernel asks for and the state handed on, continues where the last one stopped, to the bit. Lanes never touch
each other, so a symbol's values do not depend on which symbols share its tile.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from . import Kernel
from .compiler import compiler_for

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

LANES = 16
BLOCK = 64
"""Rows that a windowed kernel takes at a time, or as many as its window has: what it goes over again stays cached."""

compiled = compiler_for("functions without a Polars expression")


@compiled
def pack(values: Floats, begins: Whole, lengths: Whole, head: int, register: Floats) -> None:
    """Lay up to 16 symbols, each values[begin : begin + length], side by side behind the `head` rows of `register`."""
    tile = register[head * LANES :]
    rows = tile.size // LANES
    lane_begins = np.zeros(LANES, np.int64)
    lane_lengths = np.zeros(LANES, np.int64)
    for lane in range(begins.size):
        lane_begins[lane] = begins[lane]
        lane_lengths[lane] = lengths[lane]
    shortest = min(rows, lane_lengths.min())
    for t in range(shortest):
        for lane in range(LANES):
            tile[t * LANES + lane] = values[lane_begins[lane] + t]
    for t in range(shortest, rows):
        for lane in range(LANES):
            tile[t * LANES + lane] = values[lane_begins[lane] + t] if t < lane_lengths[lane] else np.nan


@compiled
def unpack(register: Floats, begins: Whole, lengths: Whole, head: int, values: Floats) -> None:
    """Write the lanes of `register`, its `head` rows apart, back to where `pack` took them from."""
    tile = register[head * LANES :]
    for lane in range(begins.size):
        begin = begins[lane]
        for t in range(lengths[lane]):
            values[begin + t] = tile[t * LANES + lane]


def run_kernel(
    kernel: Kernel, columns: Sequence[Floats], starts: Whole, settings: Sequence[float]
) -> tuple[Floats, ...]:
    """Run `kernel` over every symbol and return its output columns, as long as the input columns.

    Columns: float64, NaN = undefined, symbol after symbol. Starts: [symbols + 1], each symbol's first row, and the end.
    Settings: as many as the kernel's docstring names.

    Raises:
        ValueError: a column's length is not starts[-1].
        ImportError: numba is missing.
    """
    sources = [np.ascontiguousarray(column, dtype=np.float64) for column in columns]
    for source in sources:
        if source.shape != (starts[-1],):
            raise ValueError(f"a column has shape {source.shape}, but the symbols' bars end at {starts[-1]}")
    compute = getattr(import_module(f".{kernel.module}", __package__), kernel.name)
    numbers = tuple(float(setting) for setting in settings)
    results = tuple(np.empty(starts[-1], np.float64) for _ in range(kernel.outputs))
    head = kernel.head(*numbers)
    for begins, lengths in tiles_of_like_length(starts):
        rows = int(lengths[-1])
        size = (head + rows) * LANES
        inputs = [np.full(size, np.nan) for _ in sources]
        for source, register in zip(sources, inputs, strict=True):
            pack(source, begins, lengths, head, register)
        answers = [np.empty(size, np.float64) for _ in results]
        state, scratch = np.zeros((kernel.states, LANES)), np.empty(kernel.scratch * size)
        compute(*inputs, head, rows, *numbers, state, scratch, *answers)
        for answer, result in zip(answers, results, strict=True):
            unpack(answer, begins, lengths, head, result)
    return results


def tiles_of_like_length(starts: Whole) -> list[tuple[Whole, Whole]]:
    """Group the symbols by 16, shortest first, so that little of a tile is padding; (begins, lengths) of each group."""
    bounds = np.ascontiguousarray(starts, dtype=np.int64)
    lengths = np.diff(bounds)
    order = np.argsort(lengths, kind="stable")
    begins, lengths = bounds[:-1][order], lengths[order]
    return [(begins[k : k + LANES], lengths[k : k + LANES]) for k in range(0, lengths.size, LANES)]
