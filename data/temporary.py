"""Where files go that may be large and that nobody else needs: to a disk, also where the temporary folder is memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

ON_DISK: Final = "/var/tmp"  # noqa: S108 - where systems keep large temporary files; files there have no names
TOLD: Final = ("TMPDIR", "TEMP", "TMP")
IN_MEMORY: Final = frozenset({"tmpfs", "ramfs"})


def temporary_folder(environment: Mapping[str, str] = os.environ) -> str:
    """The folder that TMPDIR names, else the system's, unless that is memory and there is one on a disk.

    >>> temporary_folder({"TMPDIR": tempfile.gettempdir()}) == tempfile.gettempdir()
    True
    """
    usual = tempfile.gettempdir()
    if any(environment.get(name) for name in TOLD) or not lies_in_memory(usual):
        return usual
    on_disk = os.access(ON_DISK, os.W_OK | os.X_OK) and not lies_in_memory(ON_DISK)
    return ON_DISK if on_disk else usual


def lies_in_memory(folder: str) -> bool:
    """Whether what is written to a folder takes the machine's memory, as far as the system tells."""
    import psutil  # noqa: PLC0415 - few write large files

    path = Path(folder).resolve()
    kinds = {Path(each.mountpoint): each.fstype for each in psutil.disk_partitions(all=True)}
    return next((kinds[each] for each in (path, *path.parents) if each in kinds), "") in IN_MEMORY
