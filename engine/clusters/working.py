"""What runs where an order is sent: open the candles, compute, write. It answers with JSON, and never raises."""

from __future__ import annotations

import json
import os
import platform
import secrets
import tempfile
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from ...data.describing import open_described
from ...errors import BarsweepError, CandleError, FormulaError, ProcessingEngineError, RepositoryError
from ...formulas.freezing import frozen
from ..batching import Batch
from ..braking import EngineMemory, JobMemory
from ..budgeting import Demand
from ..collecting import process, with_references
from ..controlling import FOR_EVERY_BATCH, LOG, Control, JobFailedError, Ticket
from ..limits import Limits, usable_cores
from ..other_tables import named_tables
from ..plans import Plans
from ..preparing import Prepared, Preparer
from ..retrying import Retries
from ..service import FormulaService
from ..sources import assert_reachable, limit_memory
from .folders import is_seen
from .job_texts import job_of
from .orders import code_version
from .parcels import read_told, write_piece
from .rounds import carry_out_round

T = TypeVar("T")
ENDLESS: Final = 10.0**9  # seconds: whoever sent the order watches the clock
MEMORY: Final = 2**30
DATABASE: Final = 2**28  # bytes of which a database may take its share in a worker; a machine has as many as cores
MOST_KEPT: Final = 4  # jobs whose plans and opened candles a process keeps
RETRIES: Final = 3
CANDLES: Final = ("candles", "tables", "libraries", "seen")  # what of an order decides what is opened for it
ERRORS: Final = {each.__name__: each for each in (RepositoryError, ProcessingEngineError, *FOR_EVERY_BATCH)}


@frozen
class _Opened:
    """Candles that are open, and the jobs that were prepared for them."""

    preparer: Preparer
    jobs: OrderedDict[str, Prepared] = field(default_factory=OrderedDict)


_kept: OrderedDict[str, _Opened] = OrderedDict()
_lock = threading.Lock()


def carry_out(text: str, folder: str) -> str:
    """Run an order of JSON, and write what comes of it below the folder, unless it is there.

    Answers with {"node", "seconds"}, or with {"error": {"kind", "message", "retryable"}}.
    """
    order = json.loads(text)
    place, name, began = Path(folder), order["name"], time.perf_counter()
    try:
        if not is_seen(place, order["folder"]):
            message = f"the machine {platform.node()} does not see the driver's folder {folder}"
            raise JobFailedError(
                f"{message}: mount it there under the same path, or name a folder that all machines see"
            )
        if read_told(place, name) is None:
            _note(place, name)
            _carry_out(order["content"], place, name)
    except Exception as error:  # noqa: BLE001 - whatever it is, whoever sent the order has to know
        fields = {"event": "order failed", "order": name, "error": str(error)}
        LOG.info("an order failed: %s", traceback.format_exc(), extra=fields)
        return json.dumps({"error": _told(error)})
    return json.dumps({"node": platform.node(), "seconds": round(time.perf_counter() - began, 4)})


def _carry_out(content: Mapping[str, Any], folder: Path, name: str) -> None:
    if content["code"] != code_version():
        message = f"the machine {platform.node()} has another version of barsweep than the driver"
        raise JobFailedError(f"{message}: install the same everywhere")
    symbols, ticket = list(content["symbols"]), an_endless_ticket()
    try:
        prepared = prepared_for(content, symbols or None)
    except RepositoryError as error:
        if error.retryable:
            raise
        message = f"the machine {platform.node()} cannot open the candles: {error}"
        raise JobFailedError(f"{message}; all machines have to see them under the same path") from error
    if "inputs" in content:
        carry_out_round(content, prepared, ticket, folder, name)
    else:
        write_piece(folder, name, process(prepared, unbraked(), Batch(tuple(symbols)), ticket))


def prepared_for(content: Mapping[str, Any], symbols: list[str] | None) -> Prepared:
    """The job of an order, with other symbols that its formulas name; for some symbols, if it is the job's first.

    What an order takes of it is the same for all symbols, and so it is kept for the next one. Only whether the candles
    are there is asked anew.
    """
    opened, key = _opened(content), _key(content, "job", "everything")
    preparer, known = opened.preparer, opened.jobs.get(key)
    if known is not None:
        Retries(RETRIES).ask(partial(assert_reachable, preparer.repository), "asking whether the candles are there")
        return known
    prepared = preparer.prepare(job_of(content["job"], symbols), everything=content["everything"])
    prepared = with_references(prepared, _limits(), Control())
    with _lock:
        _keep(opened.jobs, key, prepared)
    return prepared


def _keep(kept: OrderedDict[str, T], key: str, value: T) -> None:
    kept[key] = value
    while len(kept) > MOST_KEPT:
        kept.popitem(last=False)


def _key(content: Mapping[str, Any], *names: str) -> str:
    return json.dumps([content[name] for name in names], sort_keys=True)


def unbraked() -> JobMemory:
    """Memory that holds nothing back: an order is one batch, cut by whoever sent it."""
    return JobMemory(EngineMemory(MEMORY, Plans()), Demand(), lambda: 0)


def an_endless_ticket() -> Ticket:
    """Permission to work that nobody takes away."""
    return Ticket(_limits().gates, ENDLESS)


def _opened(content: Mapping[str, Any]) -> _Opened:
    """Candles that were opened for an order of the same job stay open for the next, as long as they are the same."""
    key = _key(content, *CANDLES)
    with _lock:
        if key not in _kept:
            repository = open_described(content["candles"])
            limit_memory(repository, DATABASE)
            tables = named_tables(content["tables"])
            service, memory = _service(content["libraries"]), EngineMemory(MEMORY, Plans())
            _keep(_kept, key, _Opened(Preparer(repository, service, _limits(), memory, RETRIES, tables, apart=True)))
        _kept.move_to_end(key)
        return _kept[key]


def _service(libraries: Sequence[str]) -> FormulaService:
    """A service with the libraries of these texts."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.formula" for number, _ in enumerate(libraries)]
        for path, text in zip(paths, libraries, strict=True):
            path.write_text(text, encoding="utf-8")
        return FormulaService(libraries=paths)


def _limits() -> Limits:
    return Limits.of(usable_cores(), ENDLESS, ENDLESS)


def _note(folder: Path, name: str) -> None:
    """Leave a mark that the order was begun, and by whom; one more for each time."""
    marks = folder / "begun" / name
    marks.mkdir(parents=True, exist_ok=True)
    (marks / f"{platform.node()}-{os.getpid()}-{secrets.token_hex(4)}").touch()


def times_begun(folder: Path, name: str) -> int:
    """How often an order was begun."""
    try:
        return len(os.listdir(folder / "begun" / name))  # noqa: PTH208 - looked at often, names alone are enough
    except FileNotFoundError:  # nobody has begun it
        return 0


def _told(error: BaseException) -> dict[str, Any]:
    if isinstance(error, FormulaError | CandleError) or not isinstance(error, BarsweepError):
        return {"kind": "ProcessingEngineError", "message": f"{type(error).__name__}: {error}", "retryable": False}
    return {
        "kind": type(error).__name__,
        "message": str(error),
        "retryable": bool(getattr(error, "retryable", False)),
    }


def raise_told(told: Mapping[str, Any]) -> None:
    """Raise what went wrong elsewhere, as it would be raised here."""
    kind = ERRORS.get(told["kind"], ProcessingEngineError)
    if kind is RepositoryError:
        raise RepositoryError(told["message"], retryable=told["retryable"])
    raise kind(told["message"])
