"""The progress bar."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from ..controlling import ProgressCallback
from .showing import plain


class Rate(ProgressColumn):
    """Symbols a second."""

    def render(self, task: Task) -> Text:
        """The rate, once there is one."""
        return Text(f"{task.speed:,.0f} symbols/s" if task.speed else "")


@contextmanager
def drawn_bar() -> Iterator[ProgressCallback]:
    """A bar on standard error, and what moves it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
    with Progress(*columns, console=plain(stderr=True, soft_wrap=True), transient=True) as bar:
        task = bar.add_task("scanning", total=None)
        yield lambda completed, total: bar.update(task, completed=completed, total=total)
