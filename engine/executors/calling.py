"""Calling a user's Python function symbol by symbol: what one symbol's bars do to it concerns that symbol alone."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...errors import ProcessingEngineError
from ...formulas.kernels.machine import Stop
from ...formulas.scope import PythonCall
from ..controlling import AbandonedError


class CulpritsError(ProcessingEngineError):
    """A user's function failed on some symbols: `messages` by symbol. It was called on all of them."""

    def __init__(self, messages: Mapping[str, str]) -> None:
        super().__init__(next(iter(messages.values())))
        self.messages = messages


def call_python(call: PythonCall, frame: pl.DataFrame, starts: NDArray[np.int64], stop: Stop) -> pl.Series:
    """The function's column: NaN and infinities become undefined.

    Raises CulpritsError if the function raises, or does not answer with one value a bar, for some symbols;
    ProcessingEngineError where rows are not those of a symbol, and AbandonedError if the flag is raised.
    """
    columns = [_array(frame[name]) for name in call.inputs]
    parts: list[NDArray[np.generic]] = []
    failed: dict[str, str] = {}
    for begin, end in itertools.pairwise(starts):
        if stop.raised:
            raise AbandonedError
        try:
            parts.append(_one_symbol(call, [column[begin:end] for column in columns], int(end - begin)))
        except ProcessingEngineError as error:
            if "symbol" not in frame.columns:
                raise
            failed[frame["symbol"][int(begin)]] = str(error)
    if failed:
        raise CulpritsError(failed)
    values = pl.Series(call.name, np.concatenate(parts) if parts else np.empty(0))
    if call.dtype == pl.Boolean:
        return values.cast(pl.Boolean)
    return values.to_frame().select(pl.when(pl.first().is_finite()).then(pl.first())).to_series().alias(call.name)


def _array(series: pl.Series) -> NDArray[np.float64]:
    return series.cast(pl.Float64).fill_null(np.nan).to_numpy(writable=True)


def _one_symbol(call: PythonCall, columns: list[NDArray[np.float64]], bars: int) -> NDArray[np.generic]:
    try:
        values = np.asarray(call.function(*columns, *call.settings))
        wanted = np.bool_ if call.dtype == pl.Boolean else np.float64
        kinds = "b" if wanted is np.bool_ else "iufO"  # objects may be numbers and None
        if values.shape == (bars,) and values.dtype.kind in kinds:
            return values.astype(wanted)
    except (Exception, SystemExit) as error:
        message = f"the function {call.label} failed: {type(error).__name__}: {error}"
        raise ProcessingEngineError(message) from error
    raise ProcessingEngineError(
        f"the function {call.label} gave {values.dtype} of shape {values.shape}, not {bars} {wanted.__name__}s"
    )
