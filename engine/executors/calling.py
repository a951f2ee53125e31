"""Calling a user's Python function symbol by symbol."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...errors import ProcessingEngineError
from ...formulas.scope import PythonCall


def call_python(call: PythonCall, frame: pl.DataFrame, starts: NDArray[np.int64]) -> pl.Series:
    """The function's column: NaN and infinities become undefined.

    Raises ProcessingEngineError if the function raises, or does not answer with one value a bar.
    """
    columns = [_array(frame[name]) for name in call.inputs]
    parts = []
    for begin, end in itertools.pairwise(starts):
        parts.append(_one_symbol(call, [column[begin:end] for column in columns], int(end - begin)))
    values = pl.Series(call.name, np.concatenate(parts) if parts else np.empty(0))
    if call.dtype == pl.Boolean:
        return values.cast(pl.Boolean)
    return values.to_frame().select(pl.when(pl.first().is_finite()).then(pl.first())).to_series().alias(call.name)


def _array(series: pl.Series) -> NDArray[np.float64]:
    return series.cast(pl.Float64).fill_null(np.nan).to_numpy(writable=True)


def _one_symbol(call: PythonCall, columns: list[NDArray[np.float64]], bars: int) -> NDArray[np.generic]:
    try:
        values = np.asarray(call.function(*columns, *call.settings))
    except Exception as error:
        message = f"the function {call.label} failed: {type(error).__name__}: {error}"
        raise ProcessingEngineError(message) from error
    wanted = np.bool_ if call.dtype == pl.Boolean else np.float64
    if values.shape != (bars,) or (values.dtype != np.bool_) == (wanted is np.bool_):
        message = (
            f"the function {call.label} gave {values.dtype} of shape {values.shape}, not {bars} {wanted.__name__}s"
        )
        raise ProcessingEngineError(message)
    return values.astype(wanted)
