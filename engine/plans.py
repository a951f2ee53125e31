"""From a job's formulas to one plan, with every fault of every formula told at once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, TypeAlias

from ..errors import FormulaError, Problem, ProcessingEngineError
from ..formulas import Checked, Plan, make_plan
from ..formulas.kernels.compiler import machine_code
from ..formulas.kinds import Kind
from .controlling import LOG
from .executors import Executor, Rooms, TileExecutor, chosen, make_executor
from .jobs import ProcessingJob
from .lines import with_lines, with_parts
from .service import FormulaService

MOST: Final = 16

Kinds: TypeAlias = Mapping[str, str]


def plan_job(
    service: FormulaService,
    job: ProcessingJob,
    kinds: Kinds | None,
    tables: Mapping[str, Kinds] | None = None,
    *,
    conditions: bool,
) -> Plan:
    """Check and plan the job's formulas, and its `values` under their `value_key`; `tables` are the others' columns.

    With `conditions`, a formula must be true or false. When several formulas are faulty, the first error carries
    the others as notes, so that `except FormulaError` catches whatever is wrong.
    """
    formulas, language = job.formulas, service.language
    shared = {name: each.source for name, each in formulas.items() if not each.parameters}
    shared |= {value_key(name): source for name, source in job.values.items()}
    dialects = {name: each.dialect for name, each in formulas.items()}
    dialects |= {value_key(name): job.dialect for name in job.values}
    checked: dict[str, Checked] = {}
    try:
        checked |= language.check_all(shared, kinds, job.settings(), tables, dialects) if shared else {}
        for name in [name for name in formulas if name not in shared]:
            own = formulas[name]
            checked[name] = language.check(own.source, kinds, job.settings(own), name, tables, own.dialect)
    except ExceptionGroup as group:
        raise _first(group) from None
    except FormulaError as error:
        error.name = error.name if job.several or error.name not in formulas else None
        raise
    if conditions:
        for name in formulas:
            require_condition(checked[name])
    named = {name: checked[name] for name in formulas}
    reported = with_lines(named) if job.outputs == "all" else named
    if job.outputs in {"parts", "distances"}:
        ((_, own),) = formulas.items()
        asked = own.source, kinds, job.settings(own), tables, own.dialect
        reported = with_parts(language.take_apart(*asked, distances=job.outputs == "distances"))
    return make_plan({**reported, **{key: checked[key] for key in map(value_key, job.values)}})


class Plans:
    """An engine's plans with their executors, the latest `MOST` of them: who asks again waits for nothing.

    Executors keep compiled programs and the memory that they run in, so a job that comes again finds both warm. What
    their results take goes to `rooms`, from where the next job takes it, whatever its plan.
    """

    def __init__(self) -> None:
        self.rooms = Rooms()
        self._known: OrderedDict[object, tuple[Plan, Executor]] = OrderedDict()
        self._lock = threading.Lock()

    def of(
        self,
        service: FormulaService,
        job: ProcessingJob,
        kinds: Kinds,
        tables: Mapping[str, Kinds] | None = None,
        *,
        conditions: bool,
    ) -> tuple[Plan, Executor]:
        """The job's plan and executor; without `conditions` it reports no indicators.

        Raises what `plan_job`, `assert_computable` and `make_executor` raise.
        """
        formulas = [(name, each.source, each.dialect, repr(job.settings(each))) for name, each in job.formulas.items()]
        key = repr(
            (
                formulas,
                job.several,
                job.values,
                job.dialect,
                job.settings(),
                sorted(kinds.items()),
                conditions,
                job.executor,
                job.outputs,
            )
        )
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        plan = plan_job(service, job, kinds, tables, conditions=conditions)
        log_warnings(plan)
        assert_computable(plan)
        made = plan, make_executor(job.executor, plan, self.rooms, indicators=conditions)
        with self._lock:
            self._known[key] = made
            while len(self._known) > MOST:
                self._known.popitem(last=False)
        return made

    @property
    def kept(self) -> int:
        """Bytes that are kept for jobs to come."""
        return self._of_machines + self.rooms.kept

    @property
    def _of_machines(self) -> int:
        return sum(executor.kept for executor in self._executors())

    def keep_within(self, size: int) -> None:
        """Let go of what is kept until it takes no more than so many bytes.

        What lies in the rooms goes first, then the executors' machines, the oldest plans' first.
        """
        left = self._of_machines
        self.rooms.keep_within(max(0, size - left))
        for executor in self._executors():
            if left <= size:
                return
            left -= executor.kept
            executor.let_go()

    def _executors(self) -> list[TileExecutor]:
        """Those that keep anything, those of the oldest plans first."""
        with self._lock:
            return [executor for _, executor in self._known.values() if isinstance(executor, TileExecutor)]


def log_warnings(plan: Plan) -> None:
    """Log what sound formulas may still get wrong; the shell writes it to standard error."""
    for warning in told_warnings(plan):
        LOG.warning("%s", warning, extra={"event": "formula warning"})


def told_warnings(plan: Plan) -> tuple[str, ...]:
    """What sound formulas may still get wrong, each with its formula's name and place."""
    return tuple(
        f"{name}: {warning.render(checked.source)}"
        for name, checked in plan.formulas.items()
        for warning in checked.warnings
    )


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """The first error of a group, with the others as notes."""
    first, *others = group.exceptions
    for other in others:
        first.add_note(str(other))
    return first


def value_key(name: str) -> str:
    """The plan's name of a job's value; no formula can be called that by accident."""
    return f"value {name}"


def bars_before(plan: Plan, job: ProcessingJob) -> int | None:
    """How many bars of each symbol to load ahead of the range.

    A time stage after a cross-sectional one looks back at earlier rankings. Those need every symbol of earlier ts,
    which a number of bars for each symbol does not promise when some have holes: then all bars are loaded. So they
    are when stale symbols are admitted, since the bar that is ranked then lies before the universe's last ts.
    """
    directions = [stage.direction for stage in plan.stages]
    looks_back = plan.across and "time" in directions[directions.index("across") :]
    if plan.reach is None or (looks_back and plan.reach > 0) or (plan.across and job.stale is not None):
        return None
    if job.latest:
        return plan.reach + 1  # the last bar itself may lie before the universe's last ts
    return plan.reach if job.bounds.start is not None else 0


def assert_computable(plan: Plan) -> None:
    """Raise ProcessingEngineError if the plan calls compiled kernels and llvmlite, which compiles them, is missing."""
    if chosen("auto") == "tiles":
        return
    kernels = frozenset[str]().union(*(stage.program.kernels for stage in plan.stages))
    if not kernels:
        return
    try:
        machine_code()
    except ImportError as error:
        which = ", ".join(sorted(name.rstrip("_") for name in kernels))
        message = f"the formula needs {which}: {error}"
        raise ProcessingEngineError(message) from error


def require_condition(checked: Checked, user: str = "a scan") -> None:
    """Raise FormulaError if the formula is no condition, which `user` needs."""
    if checked.kind is Kind.BOOLEAN:
        return
    message = f"{user} needs a condition, this formula gives a {checked.kind}"
    hint = "compare it with something, for example > 0; `evaluate` gives the values themselves"
    raise FormulaError([Problem.at(checked.source, 0, len(checked.source.rstrip()), message, hint)], checked.source)
