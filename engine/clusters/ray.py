"""Ray: `pip install "barsweep[ray]"`. An order is a task of Ray Core; candles and results stay in files.

When a worker or a node is lost, Ray runs the task again elsewhere, which does no harm.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from ...errors import ProcessingEngineError

RETRIES: Final = 3  # of Ray, when a worker is lost
MISSING: Final = 'a Ray cluster needs ray, and it cannot be imported ({error}): pip install "barsweep[ray]"'


def _carry_out(text: str, folder: str) -> str:
    # a task travels as a name of this module's function, and the module is imported where it runs
    from .working import carry_out  # noqa: PLC0415

    return carry_out(text, folder)


class _Errand:
    def __init__(self, ray_: Any, reference: Any) -> None:
        self._ray, self._reference = ray_, reference

    def wait(self, seconds: float) -> str | None:
        """What the worker answered."""
        ready, _ = self._ray.wait([self._reference], timeout=seconds)
        if not ready:
            return None
        try:
            answer: str = self._ray.get(self._reference)
        except self._ray.exceptions.RayError as error:
            raise ProcessingEngineError(f"Ray could not run a batch: {type(error).__name__}: {error}") from error
        return answer

    def give_up(self) -> None:
        """Cancel the task, if it has not begun; one that runs is ended with its worker."""
        self._ray.cancel(self._reference, force=True, recursive=True)


class RayCluster:
    """A Ray cluster; `folder` is one that this machine and all nodes see, `address` None starts Ray on this machine.

    `slots` are tasks at a time, by default the CPUs of the cluster; `cpus` is what each takes. Raises
    ProcessingEngineError where Ray is not installed or not reached.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        address: str | None = None,
        *,
        slots: int | None = None,
        cpus: float = 1.0,
        **options: Any,
    ) -> None:
        try:
            import ray  # noqa: PLC0415 - takes seconds, and only who asks for it pays
        except ImportError as error:
            raise ProcessingEngineError(MISSING.format(error=error)) from error
        self._ray: Any = ray
        self._own = not ray.is_initialized()
        if self._own:
            try:
                ray.init(address, log_to_driver=False, **options)
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise ProcessingEngineError(f"no Ray cluster at {address or 'this machine'}: {error}") from error
        self.folder = Path(folder).expanduser().resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._slots, self._cpus = slots, cpus
        self._task = ray.remote(num_cpus=cpus, max_retries=RETRIES)(_carry_out)

    @property
    def slots(self) -> int:
        """Tasks at a time: as many as the cluster has CPUs for at this moment."""
        if self._slots is not None:
            return self._slots
        return max(1, int(self._ray.cluster_resources().get("CPU", 1) / self._cpus))

    def send(self, text: str) -> _Errand:
        """Submit a task."""
        return _Errand(self._ray, self._task.remote(text, str(self.folder)))

    def close(self) -> None:
        """Leave the cluster, if it was entered here."""
        if self._own:
            self._ray.shutdown()
