"""Dask distributed: `pip install ".[dask]"`. An order is a task; candles and results stay in files."""

from __future__ import annotations

import os
import threading
from typing import Any, Final

from ...errors import ProcessingEngineError
from ..limits import usable_cores
from .folders import FolderCluster, assert_no_address

RETRIES: Final = 3  # of Dask, when a worker is lost
MISSING: Final = (
    'a Dask cluster needs distributed, and it cannot be imported ({error}): in a checkout, pip install ".[dask]"'
)


def _carry_out(text: str, folder: str) -> str:
    # imported where it runs
    from .working import carry_out  # noqa: PLC0415

    return carry_out(text, folder)


class _Errand:
    def __init__(self, future: Any) -> None:
        self._future, self._done = future, threading.Event()
        future.add_done_callback(lambda _: self._done.set())

    def wait(self, seconds: float) -> str | None:
        """What the worker answered."""
        if not self._done.wait(seconds):  # result(timeout) of distributed trips over its own clock when busy
            return None
        try:
            answer: str = self._future.result()
        except Exception as error:  # whatever the scheduler makes of a lost worker
            raise ProcessingEngineError(f"Dask could not run a batch: {type(error).__name__}: {error}") from error
        return answer

    def give_up(self) -> None:
        """Cancel the task, if it has not begun."""
        self._future.cancel(force=True)


class DaskCluster(FolderCluster):
    """A cluster of Dask distributed.

    `folder`  where results are: one that this machine and all workers see under the same path. None makes one on this
              machine, which goes on `close`, and is for a cluster on this machine alone
    `client`  a Client of distributed, or the scheduler's address; None starts workers on this machine, one for each
              core, and ends them on `close`
    `slots`   batches at a time; by default the threads of all workers at each moment

    Raises ProcessingEngineError where distributed is not installed or the scheduler is not reached.
    """

    def __init__(
        self, folder: str | os.PathLike[str] | None = None, client: Any = None, *, slots: int | None = None
    ) -> None:
        assert_no_address(folder)
        if folder is None and client is not None:
            raise ProcessingEngineError("name a folder that this machine and all workers of the Dask cluster see")
        self._own = client is None or isinstance(client, str)
        super().__init__(folder, slots)
        self._client = _connected(client) if self._own else client

    def _count(self) -> int:
        return int(sum(self._client.nthreads().values()))

    def send(self, text: str) -> _Errand:
        """Submit a task; the same order is never taken for one that ran before, whose results may be gone."""
        return _Errand(self._client.submit(_carry_out, text, str(self.folder), pure=False, retries=RETRIES))

    def _leave(self) -> None:
        """Leave the cluster, if it was entered here."""
        if not self._own:
            return
        started = self._client.cluster
        self._client.close()
        if started is not None:
            started.close()


def _connected(address: str | None) -> Any:
    """A client of the scheduler there, or of workers that are started here."""
    try:
        from distributed import Client, LocalCluster  # noqa: PLC0415 - takes long to import
    except ImportError as error:
        raise ProcessingEngineError(MISSING.format(error=error)) from error
    if address is None:
        return Client(LocalCluster(n_workers=usable_cores(), threads_per_worker=1, dashboard_address=None))
    try:
        return Client(address)
    except (OSError, TimeoutError, ValueError) as error:
        raise ProcessingEngineError(f"no Dask scheduler at {address}: {error}") from error
