"""Dask distributed: `pip install "barsweep[dask]"`. An order is a task; candles and results stay in files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from ...errors import ProcessingEngineError
from .working import carry_out

MISSING: Final = 'a Dask cluster needs distributed, and it cannot be imported ({error}): pip install "barsweep[dask]"'


class _Errand:
    def __init__(self, future: Any) -> None:
        self._future = future

    def wait(self, seconds: float) -> str | None:
        """What the worker answered."""
        try:
            answer: str = self._future.result(timeout=seconds)
        except TimeoutError:  # it has not answered yet
            return None
        except Exception as error:  # whatever the scheduler makes of a lost worker
            raise ProcessingEngineError(f"Dask could not run a batch: {type(error).__name__}: {error}") from error
        return answer

    def give_up(self) -> None:
        """Cancel the task, if it has not begun."""
        self._future.cancel(force=True)


class DaskCluster:
    """A cluster of Dask distributed; `client` is its Client, or the scheduler's address.

    `folder` is one that this machine and all workers see. Raises ProcessingEngineError where distributed is not
    installed or the scheduler is not reached.
    """

    def __init__(self, folder: str | os.PathLike[str], client: Any, *, slots: int | None = None) -> None:
        self.folder = Path(folder).expanduser().resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._own = isinstance(client, str)
        self._client = _connected(client) if isinstance(client, str) else client
        self._slots = slots

    @property
    def slots(self) -> int:
        """Tasks at a time: the threads of all workers."""
        return self._slots or max(1, sum(self._client.nthreads().values()))

    def send(self, text: str) -> _Errand:
        """Submit a task; the same order is never taken for one that ran before, whose results may be gone."""
        return _Errand(self._client.submit(carry_out, text, str(self.folder), pure=False))

    def close(self) -> None:
        """Leave the cluster, if it was entered here."""
        if self._own:
            self._client.close()


def _connected(address: str) -> Any:
    try:
        from distributed import Client  # noqa: PLC0415 - takes long to import
    except ImportError as error:
        raise ProcessingEngineError(MISSING.format(error=error)) from error
    try:
        return Client(address)
    except (OSError, TimeoutError) as error:
        raise ProcessingEngineError(f"no Dask scheduler at {address}: {error}") from error
