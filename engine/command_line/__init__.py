"""The command `barsweep`. What a command does not need is not imported: `--version` answers at once."""

from __future__ import annotations

import sys
from importlib.metadata import version


def main() -> None:
    """Run the command line; exit codes: 0 found, 1 nothing found, 2 faulty formula or usage, 3 data trouble."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"barsweep {version('barsweep')}\n")
        return
    from .application import application  # noqa: PLC0415 - see above

    application(prog_name="barsweep")
