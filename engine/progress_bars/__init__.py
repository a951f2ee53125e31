"""Bars that show how far a job is: on a terminal, in a notebook, and nowhere else."""

from __future__ import annotations

import sys
from typing import Protocol


class ProgressBar(Protocol):
    """A progress callback that draws: called as any, told the matches so far, closed in the end."""

    def __call__(self, completed: int, total: int) -> None:
        """So many symbols are done."""
        ...

    def found(self, matches: int) -> None:
        """So many matches were found until now."""
        ...

    def close(self) -> None:
        """The job has ended, well or not."""
        ...


def fitting_bar() -> ProgressBar | None:
    """The bar that suits where this runs; None in pipes, logs and services, where nobody looks at one."""
    if in_notebook():
        from .notebook import NotebookBar  # noqa: PLC0415 - only where there is a notebook

        return NotebookBar()
    if sys.stderr is not None and sys.stderr.isatty():  # None: a program without a console, as pythonw
        from .terminal import TerminalBar  # noqa: PLC0415 - in a pipe nothing is drawn

        return TerminalBar()
    return None


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this; IPython on a terminal is a terminal. IPython is not imported for it."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
