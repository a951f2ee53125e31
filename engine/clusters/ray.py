"""Ray: `pip install ".[ray]"`. An order is a task of Ray Core; candles and results stay in files.

When a worker or a node is lost, Ray runs the task again elsewhere, which does no harm.
"""

from __future__ import annotations

import logging
import math
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from ...errors import ProcessingEngineError
from ..controlling import JobFailedError
from .folders import FolderCluster, assert_no_address

RETRIES: Final = 3  # of Ray, when a worker is lost
HERE: Final = "local"  # Ray's word for a new cluster on this machine; with None it joins one that it finds
LEFT: Final = "the Ray cluster has been left before a batch was done"
LOCKED: Final = "it lets in who has its token: set RAY_AUTH_MODE=token before Python starts, where the token is"
MISSING: Final = 'a Ray cluster needs ray, and it cannot be imported ({error}): in a checkout, pip install ".[ray]"'


def _carry_out(text: str, folder: str, threads: int) -> str:
    # A task travels as a name of this module's function, and the module is imported where it runs. Polars fixes its
    # threads then: a machine has a worker for each core, and each with threads for all cores would be too many.
    os.environ.setdefault("POLARS_MAX_THREADS", str(threads))
    from .working import carry_out  # noqa: PLC0415

    return carry_out(text, folder)


class _Presence:
    """Calls of Ray by any thread, which are over before this process leaves its cluster: later, Ray would join one."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._calls, self._left = 0, False
        self._changed = threading.Condition()

    @contextmanager
    def call(self) -> Iterator[bool]:
        """Whether this process is in the cluster, for the time of the block."""
        with self._changed:
            inside = not self._left and self._ray.is_initialized()
            self._calls += inside
        try:
            yield inside
        finally:
            with self._changed:
                self._calls -= inside
                self._changed.notify_all()

    def leave(self) -> None:
        """Wait until nobody calls, and let nobody call any more."""
        with self._changed:
            self._left = True
            self._changed.wait_for(lambda: self._calls == 0)


class _Errand:
    def __init__(self, ray_: Any, presence: _Presence, reference: Any) -> None:
        self._ray, self._presence, self._reference = ray_, presence, reference

    def wait(self, seconds: float) -> str | None:
        """What the worker answered."""
        with self._presence.call() as inside:
            if not inside:
                raise ProcessingEngineError(LEFT)
            return self._asked(seconds)

    def _asked(self, seconds: float) -> str | None:
        errors = self._ray.exceptions
        try:
            ready, _ = self._ray.wait([self._reference], timeout=seconds)
            answer: str | None = self._ray.get(self._reference) if ready else None
        except errors.RayTaskError as error:  # an order never raises: it could not even be begun
            message = f"a worker of the Ray cluster cannot run barsweep: {error.cause}"
            raise JobFailedError(f"{message}; install the same version on every node") from error
        except errors.RayError as error:
            raise ProcessingEngineError(f"Ray could not run a batch: {type(error).__name__}: {error}") from error
        return answer

    def give_up(self) -> None:
        """Cancel the task; if it runs, it is ended with its worker, since a kernel listens to nobody."""
        with self._presence.call() as inside:
            if inside:  # else it has ended with this process's connection
                self._ray.cancel(self._reference, force=True, recursive=True)


class RayCluster(FolderCluster):
    """A Ray cluster, entered for as long as this is open.

    `folder`   where results are: one that this machine and all nodes see under the same path. None makes one on this
               machine, which goes on `close`, and is for a cluster on this machine alone
    `address`  of the head node ("10.0.0.1:6379"), or "auto" for the cluster that this machine is part of; None starts
               Ray on this machine, and ends it on `close`. Where this process is connected to Ray, that is used
    `slots`    batches at a time; by default what all nodes have room for at each moment
    `cpus`     what each batch takes of a node's CPUs, and `memory` of its memory, in bytes: Ray puts no more on a node
    `options`  are those of `ray.init`

    Raises ProcessingEngineError where Ray is not installed or not reached, or no node has room for a batch.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        address: str | None = None,
        *,
        slots: int | None = None,
        cpus: float = 1.0,
        memory: int | None = None,
        **options: Any,
    ) -> None:
        assert_no_address(folder)
        self._ray = _imported()
        if not cpus > 0:
            raise ProcessingEngineError(f"cpus is {cpus!r}; a number above 0 is needed")
        if folder is None and address is not None:
            raise ProcessingEngineError(f"name a folder that this machine and all nodes of {address} see")
        self._cpus, self._memory = cpus, memory
        self._own, self._presence = _entered(self._ray, address, options), _Presence(self._ray)
        try:
            super().__init__(folder, slots)
            self._assert_room(slots)
        except ProcessingEngineError:
            self._leave()
            raise
        room = {"num_cpus": cpus} if memory is None else {"num_cpus": cpus, "memory": memory}
        self._task = self._ray.remote(**room, max_retries=RETRIES)(_carry_out)

    def send(self, text: str) -> _Errand:
        """Submit a task."""
        with self._presence.call() as inside:
            if not inside:
                raise ProcessingEngineError(LEFT)
            reference = self._task.remote(text, str(self.folder), max(1, math.floor(self._cpus)))
        return _Errand(self._ray, self._presence, reference)

    def _count(self) -> int:
        with self._presence.call() as inside:
            nodes = self._ray.nodes() if inside else []
        return sum(self._room(node["Resources"]) for node in nodes if node["Alive"])

    def _room(self, resources: dict[str, float]) -> int:
        """Batches that a node has room for."""
        by_cpus = resources.get("CPU", 0) / self._cpus
        by_memory = resources.get("memory", 0) / self._memory if self._memory else math.inf
        return math.floor(min(by_cpus, by_memory) + 1e-9)

    def _assert_room(self, slots: int | None) -> None:
        """Who tells the slots may wait for nodes that are still to come."""
        if slots is None and self._count() == 0:
            wanted = f"cpus={self._cpus:g}" + (f" and memory={self._memory:,}" if self._memory else "")
            raise ProcessingEngineError(
                f"no node of the Ray cluster has room for {wanted}: ask for less, or give slots="
            )

    def _leave(self) -> None:
        """Leave the cluster, if it was entered here."""
        if self._own:
            self._presence.leave()
            self._ray.shutdown()


def _imported() -> Any:
    try:
        import ray  # noqa: PLC0415 - takes seconds, and only who asks for it pays
    except ImportError as error:
        raise ProcessingEngineError(MISSING.format(error=error)) from error
    return ray


def _entered(ray: Any, address: str | None, options: dict[str, Any]) -> bool:
    """Whether the cluster was entered here; False: this process is in it already."""
    if ray.is_initialized():
        joined = ray.get_runtime_context().gcs_address
        if address not in {None, "auto", HERE, joined}:
            message = f"this process is connected to the Ray cluster at {joined}, not to {address}"
            raise ProcessingEngineError(f"{message}: leave the one before, by close() or ray.shutdown()")
        return False
    quiet = {"log_to_driver": False, "logging_level": logging.WARNING}
    if address is None:
        quiet["include_dashboard"] = False
    try:
        ray.init(address or HERE, **{**quiet, **options})
    except (ConnectionError, RuntimeError, ValueError) as error:
        way_out = f"; {LOCKED}" if _is_locked(error) else ""
        raise ProcessingEngineError(f"no Ray cluster at {address or 'this machine'}: {error}{way_out}") from error
    return True


def _is_locked(error: BaseException | None) -> bool:
    """Whether a token was missing, which Ray says in a cause of what it raises, by its name alone."""
    return error is not None and ("AuthenticationError" in str(error) or _is_locked(error.__cause__))
