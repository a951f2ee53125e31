"""barsweep itself, through its public API: from the long table to the match frame, or to a frame of all columns."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import polars as pl

import barsweep as bs
from bench.peers.serving import Candles, Columns, Way, serve
from bench.workloads import FACTORS, INDICATORS, RANK, SCAN, factors

Job = bs.ProcessingJob
EXECUTORS = ("tiles", "polars")
ELSEWHERE = (
    *("048", "056", "058", "059", "063", "067", "069", "070", "076", "079"),
    *("080", "082", "087", "089", "090", "091", "093", "097", "100"),
)
"""The alphas that KunQuant has not: they need industries or a capitalisation, or have not been written yet."""


def engine(candles: Candles) -> tuple[bs.ProcessingEngine, pl.DataFrame]:
    """An engine over the frame; what it remembers of the candles between jobs is part of the offer."""
    return bs.ProcessingEngine(bs.FrameRepository(candles.frame), max_workers=candles.threads), candles.frame


def run(held: tuple[bs.ProcessingEngine, pl.DataFrame], executor: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    return held[0].run(Job(None, SCAN, executor=executor)).matches, held[1]


def scan(candles: Candles) -> tuple[pl.DataFrame, pl.DataFrame]:
    """With nothing remembered: the candles are checked anew."""
    return bs.scan(SCAN, candles.frame).matches, candles.frame


def evaluate(
    held: tuple[bs.ProcessingEngine, pl.DataFrame], formulas: dict[str, str], executor: str, dialect: str | None = None
) -> pl.DataFrame:
    return held[0].evaluate(Job(None, formulas, executor=executor, dialect=dialect))


def match(found: tuple[pl.DataFrame, pl.DataFrame]) -> Columns:
    """The match frame as a mask over the candles."""
    matches, frame = found
    marked = matches.select("symbol", "ts", match=pl.lit(value=True))
    joined = frame.select("symbol", "ts").join(marked, on=("symbol", "ts"), how="left", maintain_order="left")
    return {"match": joined["match"].fill_null(value=False).to_numpy()}


def values(found: pl.DataFrame) -> Columns:
    return {name: found[name].cast(pl.Float64).to_numpy() for name in found.columns if name not in {"symbol", "ts"}}


def by_factors() -> list[Way]:
    """Libraries of factors: last all of them, which the others are compared with."""
    sets = {name: {"all": factors(name)} for name in FACTORS}
    alphas = sets["alpha101"]["all"]
    some = {name: text for name, text in alphas.items() if not name.endswith(ELSEWHERE)}
    sets["alpha101"] = {f"the {len(some)} that KunQuant has": some, **sets["alpha101"]}
    found = []
    for name, several in sets.items():
        for which, formulas in several.items():
            compute = partial(evaluate, formulas=formulas, executor="tiles", dialect=FACTORS[name])
            label = 'executor="tiles"' + (f", {which}" if which != "all" else "")
            remark = f"{len(formulas)} formulas as published, dialect={FACTORS[name]!r}"
            found.append(Way("barsweep", label, name, compute, values, engine, threads=None, remark=remark))
    return [way for way in found if alphas]


def ways() -> list[Way]:
    """Each workload with each executor, and the scan that remembers nothing."""
    sweep: Callable[..., Way] = partial(Way, "barsweep", prepare=engine, threads=None)
    anew = "bs.scan(formula, frame): candles checked anew each time, executor chosen by barsweep"
    found = [Way("barsweep", "nothing remembered", "scan", scan, match, threads=None, remark=anew)]
    for name in EXECUTORS:
        label = f'executor="{name}"'
        found += [
            sweep(label, "scan", partial(run, executor=name), match, remark="to the match frame"),
            sweep(label, "indicators", partial(evaluate, formulas=INDICATORS, executor=name), values),
            sweep(label, "rank", partial(evaluate, formulas=RANK, executor=name), values),
        ]
    return found + by_factors()


if __name__ == "__main__":
    serve(ways())
