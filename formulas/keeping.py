"""Where what takes long to make is kept for the next process: a folder of the user's own.

Whoever can write there could run code as the user, so the folder must belong to the user and be closed to others.
"""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import Final

import platformdirs

LOG: Final = logging.getLogger("barsweep")


def private_folder() -> Path | None:
    """The folder, made if there is none; None where no safe one can be had. BARSWEEP_CACHE names another one."""
    named = os.environ.get("BARSWEEP_CACHE") or platformdirs.user_cache_dir("barsweep", appauthor=False)
    folder = Path(os.path.expanduser(named))  # noqa: PTH111 - this one leaves the name of nobody as it is
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.stat()
    except OSError as error:  # then everything is made anew: slower, but nobody has to set up a folder
        LOG.info("nothing can be kept for later: %s", error, extra={"event": "nothing kept", "error": str(error)})
        return None
    if os.name == "posix" and (facts.st_uid != os.getuid() or facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH)):
        why = f"{folder} belongs to or can be written by others"
        LOG.warning("nothing is kept for later: %s", why, extra={"event": "nothing kept", "error": why})
        return None
    return folder
