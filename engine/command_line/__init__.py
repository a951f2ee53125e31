"""The command `barsweep`. What a command does not need is not imported: `--version` answers at once."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import Final

INTERRUPTED: Final = 130
"""The exit code of what Ctrl-C or SIGTERM ended; it stands here because ending.py may not have been imported yet."""


def main() -> None:
    """Run the command line; exit codes: 0 found, 1 nothing found, 2 faulty formula or command line, 3 data trouble."""
    if sys.argv[1:] == ["--version"]:
        from importlib.metadata import version  # noqa: PLC0415 - takes as long as the interpreter itself to import

        sys.stdout.write(f"barsweep {version('barsweep')}\n")
        return
    gc.disable()  # until a command begins (application.py): importing makes many objects, none of which is garbage
    from .application import make_application  # noqa: PLC0415 - see above

    try:
        make_application(next(iter(sys.argv[1:]), None))(prog_name="barsweep")
    except SystemExit as ended:  # click's own way to end: with that code, but without waiting
        leave(ended.code)
    except KeyboardInterrupt:  # while commands were imported
        sys.stderr.write("interrupted\n")
        leave(INTERRUPTED)


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
