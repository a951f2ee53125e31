"""An environment of its own for each peer, below bench/.venvs: made when first needed, from the package index."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / ".venvs"
READING: Final = ("numpy", "polars", "pyarrow")  # what every peer needs to read the candles
NEVER: Final = "could not be installed: "


class UnavailableError(Exception):
    """A peer that cannot be had here, and why."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What a peer needs. `name` is also its module in bench/peers; `tools` are programs it calls."""

    name: str
    title: str
    packages: Sequence[str]
    tools: Sequence[str] = ()

    @property
    def python(self) -> Path:
        return FOLDER / self.name / "bin" / "python"

    def make(self) -> Path:
        """The environment's interpreter; made and filled unless that was done before with the same packages."""
        if missing := [tool for tool in self.tools if shutil.which(tool) is None]:
            raise UnavailableError(f"needs {', '.join(missing)}, which this machine has not")
        stamp = FOLDER / self.name / "installed.json"
        wanted = json.dumps([*READING, *self.packages])
        if not (stamp.exists() and stamp.read_text(encoding="utf-8") == wanted):
            run([sys.executable, "-m", "venv", "--clear", str(FOLDER / self.name)])
            run([str(self.python), "-m", "pip", "install", "--quiet", *READING, *self.packages])
            stamp.write_text(wanted, encoding="utf-8")
        return self.python

    def versions(self) -> Mapping[str, str]:
        """What is installed of what the peer was asked to use."""
        listed = subprocess.run([self.python, "-m", "pip", "list", "--format", "json"], capture_output=True, check=True)
        installed = {each["name"].lower().replace("-", "_"): each["version"] for each in json.loads(listed.stdout)}
        wanted = (*self.packages, *READING)
        return {name: installed.get(name.lower().replace("-", "_"), "?") for name in wanted}


def run(command: Sequence[str]) -> None:
    """Run one step; when it fails, its last words are the reason."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("WARNING")]
        raise UnavailableError(NEVER + (words[-1].strip() if words else f"exit code {done.returncode}"))


@dataclass(frozen=True, slots=True)
class Ourselves(Environment):
    """barsweep runs where the harness runs."""

    def make(self) -> Path:
        return Path(sys.executable)

    @property
    def python(self) -> Path:
        return Path(sys.executable)


ENVIRONMENTS: Final = (
    Ourselves("barsweep", "barsweep", ("barsweep", "llvmlite")),
    Environment("talib", "TA-Lib", ("TA-Lib", "pandas")),
    Environment("kunquant", "KunQuant", ("KunQuant",), tools=("g++",)),
    Environment("polars", "Polars", ()),
    Environment("polars_talib", "polars_talib", ("polars_talib",)),
    Environment("polars_ta", "polars_ta", ("polars_ta", "expr_codegen")),
    Environment("vectorbt", "vectorbt", ("vectorbt",)),
    Environment("pandas", "pandas", ("pandas",)),
    Environment("duckdb", "DuckDB", ("duckdb",)),
    Environment("qlib", "Qlib", ("pyqlib",)),
)
