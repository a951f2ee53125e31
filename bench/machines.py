"""What the figures were taken on."""

from __future__ import annotations

import datetime as dt
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psutil

OWN: Final = ("barsweep", "polars", "duckdb", "llvmlite", "numpy")


def machine() -> dict[str, object]:
    """Processor, memory, versions, when, and how busy it was: ask before measuring, not after."""
    return {
        "when": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "processor": processor(),
        "cores": len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else os.cpu_count(),
        "load": psutil.getloadavg()[0],
        "memory": psutil.virtual_memory().total,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in OWN},
    }


def processor() -> str:
    """The processor's name as the system tells it, and its widest vector instructions."""
    try:
        told = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
    facts = {name.strip(): value.strip() for name, value in facts.items()}
    flags = facts.get("flags", "").split()
    width = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else ""
    return " ".join(
        part for part in (facts.get("model name", platform.machine()), f"({width})" if width else "") if part
    )
