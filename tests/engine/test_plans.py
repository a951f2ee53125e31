"""Plans that an engine remembers: found again by who asks the same, and by nobody else."""

import polars as pl
from fakes import candles

from barsweep import FormulaService, ProcessingEngine, ProcessingJob
from barsweep.engine.plans import MOST, Plans

KINDS = dict.fromkeys(["open", "high", "low", "close", "volume"], "number")
SOURCE = "param n = 1\nclose > close[n]"


def of(plans, service, job, kinds=KINDS, *, conditions=True):
    return plans.of(service, job, kinds, conditions=conditions)


def test_a_plan_is_found_again_by_the_same_job_alone():
    plans, service = Plans(), FormulaService()
    first = of(plans, service, ProcessingJob(None, SOURCE))

    assert of(plans, service, ProcessingJob(["A"], SOURCE)) is first
    others = [
        of(plans, service, ProcessingJob(None, SOURCE, parameters={"n": 2})),
        of(plans, service, ProcessingJob(None, SOURCE, executor="polars")),
        of(plans, service, ProcessingJob(None, SOURCE, values={"spread": "high - low"})),
        of(plans, service, ProcessingJob(None, {"named": SOURCE})),
        of(plans, service, ProcessingJob(None, SOURCE), {**KINDS, "sector": "text"}),
        of(plans, service, ProcessingJob(None, SOURCE), conditions=False),
    ]
    assert all(other is not first for other in others)
    assert len({id(other) for other in others}) == len(others)


def test_the_oldest_plans_are_forgotten():
    plans, service = Plans(), FormulaService()
    first = of(plans, service, ProcessingJob(None, SOURCE))

    for n in range(MOST):
        of(plans, service, ProcessingJob(None, f"close > {n}"))

    assert of(plans, service, ProcessingJob(None, SOURCE)) is not first


def test_one_engine_answers_each_job_with_its_own_parameters():
    frame = candles({"A": [1, 2, 3, 2]})
    with ProcessingEngine(frame) as engine:
        one, two, again = (
            engine.run(ProcessingJob(None, SOURCE, parameters={"n": n})).counts["matches"] for n in (1, 2, 1)
        )
        values = engine.evaluate(ProcessingJob(None, {"value": SOURCE}))

    assert (one, two, again) == (2, 1, 2)
    assert values.schema["value"] == pl.Boolean
