"""Data as text that a page can hold: short, and harmless whatever it says.

Numbers of a series are whole after being scaled, and each is written as its difference from the one before, which
deflate makes short. Undefined ones are null and are not counted as the one before.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...data.timeframes import DAY

Floats: TypeAlias = NDArray[np.float64]
Whole: TypeAlias = NDArray[np.int64]

DIGITS: Final = 9
"""Significant digits of values in tables: more than anybody reads."""
DIGITS_DRAWN: Final = 5
"""Significant digits, at the least, of what is drawn."""
MOST_DECIMALS: Final = 10
EXACT: Final = 1e-6
"""A scaled number that is so near to a whole one is meant to be it."""
LARGEST: Final = 2**52
"""Whole numbers up to here are exact in a page's language."""
HARMFUL: Final = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
"""What could end a script or begin a tag, and how JSON says it otherwise."""


def embedded(value: object) -> str:
    r"""JSON that can stand inside a <script> element.

    >>> embedded("</script>")
    '"\\u003c/script\\u003e"'
    """
    text = _json(value)
    for sign, harmless in HARMFUL.items():
        text = text.replace(sign, harmless)
    return text


def packed(value: object) -> str:
    """JSON, deflated, in base64: letters, digits and + / = alone."""
    deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return base64.b64encode(deflate.compress(_json(value).encode()) + deflate.flush()).decode("ascii")


def _json(value: object) -> str:
    """JSON of ASCII alone: half a pair of surrogates, which a formula may hold, is no text that can be written."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def unpacked(text: str) -> Any:
    """What was packed."""
    return json.loads(zlib.decompress(base64.b64decode(text), -zlib.MAX_WBITS))


def seconds_of(ts: pl.Series) -> Whole:
    """Dates or times as seconds since 1970 (UTC)."""
    seconds = ts.cast(pl.Int32).cast(pl.Int64) * DAY if ts.dtype == pl.Date else ts.dt.epoch("s")
    return seconds.to_numpy()


def differences(numbers: Whole) -> list[int]:
    """Whole numbers, each as its difference from the one before."""
    found: list[int] = np.diff(numbers, prepend=0).tolist()
    return found


def drawn(numbers: Floats) -> dict[str, Any]:
    """A series to be drawn, NaN where it is undefined: how many decimals its whole numbers have, and their differences.

    >>> drawn(np.array([1.25, 1.5, np.nan, 1.0]))
    {'d': 2, 'v': [125, 25, None, -50]}
    """
    known = np.isfinite(numbers)
    decimals = _decimals(np.abs(numbers[known]))
    steps = differences(np.rint(numbers[known] * 10.0**decimals).astype(np.int64))
    if len(steps) == len(numbers):
        return {"d": decimals, "v": steps}
    taken = iter(steps)
    return {"d": decimals, "v": [next(taken) if there else None for there in known.tolist()]}


def _decimals(sizes: Floats) -> int:
    """As few decimals as say all, and no more than make small numbers readable."""
    sizes = sizes[sizes > 0]
    if not len(sizes):
        return 0
    place = len(sizes) // 20
    usual = float(np.partition(sizes, place)[place])  # few are smaller
    room = math.floor(math.log10(LARGEST / float(sizes.max())))
    most = max(0, min(MOST_DECIMALS, DIGITS_DRAWN - 1 - math.floor(math.log10(usual)), room))
    for decimals in range(most):
        scaled = sizes * 10.0**decimals
        if np.abs(scaled - np.rint(scaled)).max() < EXACT:
            return decimals
    return most


def rounded(frame: pl.DataFrame) -> pl.DataFrame:
    """A table as a page shows it: numbers to nine digits, whole ones as they are, booleans as 1 and 0, else text."""
    return frame.select(_rounded(name, dtype) for name, dtype in frame.schema.items())


def _rounded(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype == pl.Boolean:
        return column.cast(pl.UInt8)
    if dtype.is_integer():
        return column
    if dtype.is_numeric():
        return pl.when(column.is_finite()).then(column.cast(pl.Float64).round_sig_figs(DIGITS)).alias(name)
    return column.cast(pl.String)
