"""Are two answers the same? Results are compared before any time is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

TOLERANCE: Final = 1e-9
"""Of the larger of the two values, or of what is usual in the column when both are small."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison found. `faults` empty: the same."""

    faults: tuple[str, ...]
    compared: int
    worst: float = 0.0
    worst_column: str = ""
    missing: tuple[str, ...] = ()
    excused: tuple[str, ...] = field(default=())

    @property
    def same(self) -> bool:
        return not self.faults


def compare_rows(reference: Path, other: Path, close_calls: Callable[[], np.ndarray], from_bar: int = 0) -> Verdict:
    """Matches of a scan: the same rows, but for those where a comparison is decided by the last bit."""
    with np.load(reference) as ours, np.load(other) as theirs:
        bars, rows = int(ours["bars"]), ours["rows"]
        differing = np.setxor1d(rows, theirs["rows"])
    differing = differing[differing % bars >= from_bar]
    if not len(differing):
        return Verdict((), len(rows))
    unexplained = np.setdiff1d(differing, close_calls())
    if len(unexplained):
        return Verdict((f"{len(unexplained):,} of {len(rows):,} matches differ",), len(rows))
    return Verdict((), len(rows), excused=(f"{len(differing)} of {len(rows):,} matches are ties",))


def compare_columns(
    reference: Path, other: Path, from_bar: Mapping[str, int], loose: Mapping[str, float], few: Mapping[str, float]
) -> Verdict:
    """Columns [symbol, bar] of the same symbols; `from_bar`, `loose` and `few` hold what is known to differ."""
    with np.load(reference) as ours, np.load(other) as theirs:
        faults, worst, at, compared = [], 0.0, "", 0
        for name in sorted(set(ours.files) & set(theirs.files)):
            begin = from_bar.get(name, 0)
            left, right = ours[name][:, begin:], theirs[name][: len(ours[name]), begin:]
            left = left[: len(right)]
            if loose.get(name) == np.inf:
                continue
            compared += left.size
            undefined = int(np.count_nonzero(np.isfinite(left) != np.isfinite(right)))
            apart = differences(left, right)
            off, difference = int(np.count_nonzero(apart > loose.get(name, TOLERANCE))), float(apart.max(initial=0.0))
            if undefined + off <= few.get(name, 0.0) * left.size:
                difference = 0.0 if off else difference
            elif undefined:
                faults.append(f"{name}: {undefined} values undefined on one side alone")
            elif off:
                faults.append(f"{name}: differs by {difference:.1e}")
            if name not in loose and difference > worst:
                worst, at = difference, name
        missing = tuple(name for name in ours.files if name not in theirs.files)
        forgiven = [name for name in theirs.files if name in from_bar or name in loose or name in few]
    skipped = sum(loose.get(name) == np.inf for name in forgiven)
    words = (
        f"{len(forgiven)} columns with known differences",
        *([f"{skipped} of them not compared"] if skipped else []),
    )
    excused = words if forgiven and compared else ()
    return Verdict(tuple(faults), compared, worst, at, missing, excused)


def differences(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Where both are finite, relative to the larger value, or to the column's median where both are near zero."""
    both = np.isfinite(left) & np.isfinite(right)
    left, right = left[both], right[both]
    usual = float(np.median(np.abs(left))) if left.size else 0.0
    scale = np.maximum(np.maximum(np.abs(left), np.abs(right)), usual or 1.0)
    return np.abs(left - right) / scale
