"""A peer's process, spoken to in lines of JSON (bench/peers/serving.py is the other end)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from bench.environments import Environment, UnavailableError

ROOT: Final = Path(__file__).parents[1]
POOLS: Final = ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS")


class PeerProcess:
    """Runs bench.peers.NAME in its own environment until it is closed."""

    def __init__(self, environment: Environment, candles: Path, threads: int, log: Path) -> None:
        python = environment.make()
        command = [str(python), "-m", f"bench.peers.{environment.name}", str(candles), "--threads", str(threads)]
        self.environment = environment
        self.log = log
        self._errors = log.open("w", encoding="utf-8")
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **dict.fromkeys(POOLS, str(threads))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def ask(self, do: str, **details: object) -> Mapping[str, Any]:
        """One request, one answer; a process that has died says so with its last words."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **details}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise UnavailableError(self._last_words()) from None
        line = self._process.stdout.readline()
        if not line:
            raise UnavailableError(self._last_words())
        answer: Mapping[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._errors.close()

    def _last_words(self) -> str:
        self._process.wait()
        words = [line for line in self.log.read_text(encoding="utf-8").splitlines() if line.strip()]
        return f"ended with exit code {self._process.returncode}: {words[-1].strip() if words else 'no word'}"
