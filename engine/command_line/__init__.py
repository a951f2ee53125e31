"""The command `barsweep`. What a command does not need is not imported: `--version` answers at once."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import Final

STANDARD_ERROR: Final = 2
INTERRUPTED: Final = 130
"""The exit code of what Ctrl-C or SIGTERM ended; it stands here because ending.py may not have been imported yet."""


def main() -> None:
    """Run the command line; exit codes: 0 found, 1 nothing found, 2 faulty formula or command line, 3 data trouble."""
    if sys.argv[1:] == ["--version"]:
        from importlib.metadata import version  # noqa: PLC0415 - takes as long as the interpreter itself to import

        sys.stdout.write(f"barsweep {version('barsweep')}\n")
        return
    end_on_interrupt()
    gc.disable()  # until a command begins (application.py): importing makes many objects, none of which is garbage
    from .application import make_application  # noqa: PLC0415 - see above

    try:
        make_application(next(iter(sys.argv[1:]), None))(prog_name="barsweep")
    except SystemExit as ended:  # click's own way to end: with that code, but without waiting
        leave(ended.code)


def end_on_interrupt() -> None:
    """Let Ctrl-C end the process where it stands: nothing has been begun yet.

    Python would raise KeyboardInterrupt in the middle of an import, perhaps where it holds the lock of all imports, and
    keep that: threads that import as well would wait for ever, and the process for them.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else the shell has it ignored, say
        signal.signal(signal.SIGINT, _end)


def unwind_on_interrupt() -> None:
    """Let Ctrl-C raise KeyboardInterrupt again: from now on there is something to leave in order."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(*_: object) -> None:
    with suppress(OSError):  # nobody reads
        os.write(STANDARD_ERROR, b"interrupted\n")  # past the buffer, which may be in the middle of a line
    os._exit(INTERRUPTED)


def leave(code: str | int | None) -> None:
    """End the process at once: everything is written and closed, and the system takes memory back faster than we do.

    Not where a debugger or the measuring of coverage watches.
    """
    if sys.gettrace() is not None or not isinstance(code, int | None):
        sys.exit(code)
    with suppress(OSError):  # whoever read may have seen enough
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code or 0)
