"""The progress bar of a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text


class Rate(ProgressColumn):
    """Symbols a second."""

    def render(self, task: Task) -> Text:
        """The rate since the bar is there, once something is done."""
        passed = task.finished_time or task.elapsed
        return Text(f"{task.completed / passed:,.0f} symbols/s" if passed and task.completed else "")


class TerminalBar:
    """A bar on standard error: symbols done, their rate, the time that is left, and what was found so far.

    It appears when something is told, or by `start`, and stays when it is closed unless it is `transient`.
    """

    def __init__(self, *, doing: str = "scanning", transient: bool = False) -> None:
        console = Console(stderr=True, markup=False, emoji=False, highlight=False, soft_wrap=True)
        left = TimeRemainingColumn(elapsed_when_finished=True)
        columns = (
            TextColumn(doing),
            BarColumn(),
            MofNCompleteColumn(),
            Rate(),
            left,
            TextColumn("{task.fields[found]}"),
        )
        self._bar = Progress(*columns, console=console, transient=transient)
        self._task = self._bar.add_task("", total=None, found="")

    def start(self) -> None:
        """Show the bar, before anything is told."""
        self._bar.start()

    def __call__(self, completed: int, total: int) -> None:
        """So many symbols are done."""
        self.start()
        self._bar.update(self._task, completed=completed, total=total)

    def found(self, matches: int) -> None:
        """So many matches were found until now."""
        self._bar.update(self._task, found=f"{matches:,} found")

    def close(self) -> None:
        """Draw the last state and leave the terminal as it was."""
        self._bar.stop()
