"""Collections of factors over a market: Qlib's Alpha158, and Alpha101 as yli188's code has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
from oracles import test_alpha101 as alpha101
from oracles import test_qlib_alphas as alpha158
from oracles.foreign_alphas import at_dates_of, candles, compare, formulas, reference

import barsweep as bs

from .judging import Judgement

QLIB, YLI188 = "Qlib Alpha158", "Alpha101 (yli188)"
UNCOVERED = {YLI188: alpha101.REFUSED}


def judgements(reference_folder: Path) -> Iterator[Judgement]:
    """Each column, compared as the tests of these collections do."""
    shared = reference_folder.parent
    yield from _qlib(shared)
    yield from _yli188(shared)


def reason(source: str, name: str) -> str:
    """Why a factor differs at some bars; empty where that is not known to happen."""
    known = {**alpha101.UNDEFINED, **alpha101.OFF} if source == YLI188 else {}
    if name not in known:
        return ""
    most, why = known[name]
    return f"at up to {most} bars {why}"


def _qlib(shared: Path) -> Iterator[Judgement]:
    texts = formulas(shared, "alpha158")
    theirs = reference(shared, "qlib_alpha158_values.parquet")
    ours = at_dates_of(bs.evaluate(texts, alpha158.stored(candles(shared)), dialect="qlib"), theirs)
    for name, text in texts.items():
        scale = 1.0 if name.startswith(alpha158.CANCELLED) else 0.0
        yield _judged(QLIB, name, text, ours[name], theirs[name], alpha158.NEAR, scale)


def _yli188(shared: Path) -> Iterator[Judgement]:
    theirs = reference(shared, "alpha101_kunquant_ref_values.parquet")
    names = [name for name in theirs.columns if name.startswith("alpha") and name not in alpha101.REFUSED]
    texts = formulas(shared, "alpha101")
    edited = {name: alpha101.as_coded(name, texts[f"alpha_{name.removeprefix('alpha')}"]) for name in names}
    frame = candles(shared)
    late = frame.filter(pl.col("date").is_in(frame["date"].unique().sort()[-520:].implode()))
    ours = at_dates_of(bs.evaluate(edited, late, dialect="alpha101_yli188"), theirs)
    for name, text in edited.items():
        scale = alpha101.SCALES.get(name, 0.0)
        yield _judged(YLI188, name, text, ours[name], theirs[name], alpha101.NEAR, scale)


def _judged(
    source: str, name: str, text: str, ours: pl.Series, theirs: pl.Series, near: float, scale: float
) -> Judgement:
    found = compare(ours, theirs, near, scale)
    apart = found.off or found.ours_alone or found.theirs_alone
    verdict = "differs" if apart else "equal"
    mine, other = (values.cast(pl.Float64).fill_null(np.nan).to_numpy() for values in (ours, theirs))
    size = np.fmax(np.fmax(np.abs(mine), np.abs(other)), scale)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.abs(mine - other) / size
    widest = float(np.max(relative[np.isfinite(relative)], initial=0.0))
    return Judgement(source, name, "R", text, found.both, widest, verdict)
