"""Where a thread is at this moment, for messages about work that does not end."""

from __future__ import annotations

import sys
import threading
import traceback
from pathlib import Path
from types import FrameType
from typing import Final

OURS: Final = Path(__file__).parents[1]  # the package
DOORS: Final = tuple(str(OURS / part) for part in ("data", "engine", "formulas"))


def whereabouts(thread: threading.Thread | None) -> str:
    """The function outside this package that the thread has not come back from: "slow (strategies.py, line 12)".

    Empty where it is in none.
    """
    frame = None if thread is None or thread.ident is None else sys._current_frames().get(thread.ident)  # noqa: SLF001
    called: tuple[FrameType, int] | None = None
    for each in () if frame is None else traceback.walk_stack(frame):  # the innermost comes first
        if each[0].f_code.co_filename.startswith(DOORS):
            break
        called = each
    if called is None:
        return ""
    code = called[0].f_code
    return f"{code.co_qualname} ({Path(code.co_filename).name}, line {called[1]})"
