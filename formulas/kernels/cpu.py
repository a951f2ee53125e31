"""What code for this CPU depends on, told without LLVM where the system tells."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

TOLD: Final = Path("/proc/cpuinfo")
FACTS: Final = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags")
"""By which CPUs are told apart of which one lacks an instruction of the other."""


def told_by_system() -> str | None:
    """What Linux lists of an x86-64, or None: of the first CPU, for all of a machine have the same instructions.

    The flags are those that programs may use: what the system or a hypervisor switches off is not among them.
    """
    if sys.platform != "linux" or os.uname().machine != "x86_64" or sys.maxsize < 2**32:
        return None
    facts = {}
    try:
        with TOLD.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                name, _, value = line.partition(":")
                if not value:  # the end of the first CPU
                    break
                facts[name.strip()] = value.strip()
    except OSError:  # no /proc in this sandbox: LLVM asks the CPU itself
        return None
    return "\n".join(facts[name] for name in FACTS) if facts.keys() >= set(FACTS) else None
