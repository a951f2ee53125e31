"""A cluster of processes on this machine: for trying out what a real one will do, and for tests."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final

from ...errors import ProcessingEngineError
from .folders import FolderCluster

PROGRAM: Final = """
import sys
from barsweep.engine.clusters.working import carry_out
for line in sys.stdin:
    print(carry_out(line, sys.argv[1]), flush=True)
"""


class _Worker:
    """A process that carries out one order after the other."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", PROGRAM, str(folder)]
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        )


class _Errand:
    def __init__(self, cluster: ProcessCluster, worker: _Worker, text: str) -> None:
        self._cluster, self._worker = cluster, worker
        self._answered = threading.Event()
        self._answer = ""
        threading.Thread(target=self._work, args=(text,), name="barsweep-errand", daemon=True).start()

    def _work(self, text: str) -> None:
        process = self._worker.process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(f"{text}\n")
            process.stdin.flush()
            self._answer = process.stdout.readline()
        except OSError:
            self._answer = ""  # the process is gone: told by `wait`
        self._answered.set()
        self._cluster.back(self._worker)

    def wait(self, seconds: float) -> str | None:
        """What the process answered."""
        if not self._answered.wait(seconds):
            return None
        if not self._answer:
            raise ProcessingEngineError("the process that carried out a batch has ended")
        return self._answer

    def give_up(self) -> None:
        """End the process."""
        self._worker.process.kill()


class ProcessCluster(FolderCluster):
    """So many processes on this machine, which end on `close`; `folder` None makes one that goes with them."""

    def __init__(self, folder: str | os.PathLike[str] | None = None, processes: int = 2) -> None:
        super().__init__(folder, processes)
        self._idle: deque[_Worker] = deque()
        self._all: list[_Worker] = []
        self._lock = threading.Lock()

    def send(self, text: str) -> _Errand:
        """Hand an order to a process that is idle, or to a new one."""
        with self._lock:
            while self._idle:
                worker = self._idle.popleft()
                if worker.process.poll() is None:
                    break
            else:
                worker = _Worker(self.folder)
                self._all.append(worker)
        return _Errand(self, worker, text)

    def back(self, worker: _Worker) -> None:
        """A process is idle again."""
        with self._lock:
            self._idle.append(worker)

    def _count(self) -> int:
        return len(self._all)

    def _leave(self) -> None:
        """End all processes."""
        for worker in self._all:
            worker.process.kill()
            worker.process.wait()
            for pipe in (worker.process.stdin, worker.process.stdout):
                if pipe is not None:
                    with suppress(OSError):  # an order that was never taken is still to be written
                        pipe.close()
