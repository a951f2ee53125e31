"""Tiles: 16 symbols side by side, so that a recursion along time runs 16 wide.

A tile is a flat array of rows * LANES numbers; bar t of the symbol in lane l stands at t * LANES + l. Shorter symbols
are filled up with NaN, which every kernel reads as undefined. A kernel has the form

    kernel(inputs..., rows, settings..., state, outputs...)

with inputs and outputs as tiles, settings as float64, and `state` as [states, LANES], zero before a symbol's first bar.
Lanes never touch each other, so a symbol's values do not depend on which symbols share its tile.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .compiler import compiler_for

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

LANES = 16

compiled = compiler_for("functions without a Polars expression")


@compiled
def pack(values: Floats, begins: Whole, lengths: Whole, tile: Floats) -> None:
    """Lay up to 16 symbols, each values[begin : begin + length], side by side into `tile`."""
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
def unpack(tile: Floats, begins: Whole, lengths: Whole, values: Floats) -> None:
    """Write the lanes of `tile` back to where `pack` took them from."""
    for lane in range(begins.size):
        begin = begins[lane]
        for t in range(lengths[lane]):
            values[begin + t] = tile[t * LANES + lane]


def run_kernel(
    kernel: Callable[..., None],
    columns: Sequence[Floats],
    starts: Whole,
    settings: tuple[float, ...],
    outputs: int,
    states: int,
) -> tuple[Floats, ...]:
    """Run `kernel` over every symbol and return its `outputs` columns, as long as the input columns.

    Columns: float64, NaN = undefined, symbol after symbol. Starts: [symbols + 1], each symbol's first row, and the end.
    Settings, outputs and states: as many as the kernel's docstring names.

    Raises:
        ValueError: a column's length is not starts[-1].
    """
    sources = [np.ascontiguousarray(column, dtype=np.float64) for column in columns]
    for source in sources:
        if source.shape != (starts[-1],):
            raise ValueError(f"a column has shape {source.shape}, but the symbols' bars end at {starts[-1]}")
    results = tuple(np.empty(starts[-1], np.float64) for _ in range(outputs))
    numbers = tuple(float(setting) for setting in settings)
    for begins, lengths in _tiles_of_like_length(starts):
        rows = int(lengths[-1])
        inputs = [np.empty(rows * LANES, np.float64) for _ in sources]
        for source, tile in zip(sources, inputs, strict=True):
            pack(source, begins, lengths, tile)
        answers = [np.empty(rows * LANES, np.float64) for _ in results]
        kernel(*inputs, rows, *numbers, np.zeros((states, LANES)), *answers)
        for answer, result in zip(answers, results, strict=True):
            unpack(answer, begins, lengths, result)
    return results


def _tiles_of_like_length(starts: Whole) -> list[tuple[Whole, Whole]]:
    """Group the symbols by 16, shortest first, so that little of a tile is padding; (begins, lengths) of each group."""
    bounds = np.ascontiguousarray(starts, dtype=np.int64)
    lengths = np.diff(bounds)
    order = np.argsort(lengths, kind="stable")
    begins, lengths = bounds[:-1][order], lengths[order]
    return [(begins[k : k + LANES], lengths[k : k + LANES]) for k in range(0, lengths.size, LANES)]
