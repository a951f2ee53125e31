"""Jobs as JSON: formulas are their text, so that no code travels."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from ...data.sessions import Session
from ...errors import ProcessingEngineError
from ..jobs import DateRange, Formula, ProcessingJob


def job_as_json(job: ProcessingJob) -> dict[str, Any]:
    """What `job_of` makes the same job of."""
    return {
        "formulas": [
            {"name": name, "source": each.source, "dialect": each.dialect, "parameters": _settings(each.parameters)}
            for name, each in job.formulas.items()
        ],
        "alone": isinstance(job.formula, str | Formula),
        "bounds": [_moment(job.bounds.start), _moment(job.bounds.end)],
        "timeframe": job.timeframe,
        "parameters": _settings(job.parameters or {}),
        "latest": job.latest,
        "stale": None if job.patience is None else job.patience.total_seconds(),
        "executor": job.executor,
        "values": dict(job.values),
        "outputs": job.outputs,
        "session": _session(job.session),
        "dialect": job.dialect,
    }


def job_of(text: Mapping[str, Any], symbols: list[str] | None) -> ProcessingJob:
    """The job of a text, for these symbols."""
    formulas = {
        each["name"]: Formula(each["source"], each["name"], each["parameters"], each["dialect"])
        for each in text["formulas"]
    }
    alone = next(iter(formulas.values())) if text["alone"] else None
    session = text["session"]
    return ProcessingJob(
        symbols,
        alone or formulas,
        DateRange(*map(_read, text["bounds"])),
        text["timeframe"],
        text["parameters"],
        latest=text["latest"],
        stale=None if text["stale"] is None else dt.timedelta(seconds=text["stale"]),
        executor=text["executor"],
        values=text["values"],
        outputs=text["outputs"],
        session=None if session is None else Session(**session),
        dialect=text["dialect"],
    )


def _settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers, truths and texts, or lists of them; NumPy's are unwrapped."""
    found = {name: _plain(value) for name, value in settings.items()}
    for name, value in found.items():
        several = value if isinstance(value, list) else [value]
        if not all(isinstance(each, bool | int | float | str) for each in several):
            raise ProcessingEngineError(f"the parameter {name} is {value!r}, which cannot be sent to other machines")
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int | float | str):
        return value
    if hasattr(value, "tolist"):
        return value.tolist()
    return [_plain(each) for each in value]


def _moment(bound: Any) -> Any:
    if isinstance(bound, dt.datetime):
        return {"datetime": bound.isoformat()}
    return {"date": bound.isoformat()} if isinstance(bound, dt.date) else bound


def _read(bound: Any) -> Any:
    if not isinstance(bound, Mapping):
        return bound
    if "date" in bound:
        return dt.date.fromisoformat(bound["date"])
    return dt.datetime.fromisoformat(bound["datetime"])


def _session(session: Session | None) -> dict[str, Any] | None:
    if session is None:
        return None
    return {
        "opens": session.opens.isoformat(),
        "closes": session.closes.isoformat(),
        "tz": session.tz,
        "weekdays": list(session.weekdays),
        "holidays": sorted(day.isoformat() for day in session.holidays),
    }
