"""Before and while a job runs: kernels compiled, a progress bar on a terminal, Ctrl-C that ends the job."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from types import FrameType

from ...formulas.kernels.compiler import KernelsRefusedError, is_kept, machine_code
from ...formulas.kernels.kept import is_kept_for_some_cpu
from ..controlling import ProgressCallback
from . import unwind_on_interrupt
from .saying import say


@contextmanager
def progress_bar(doing: str = "scanning") -> Iterator[ProgressCallback | None]:
    """A bar on a terminal, gone when the scan is; None in a pipe, also where only the results go into one."""
    if not (sys.stderr.isatty() and sys.stdout.isatty()):
        yield None
        return
    from ..progress_bars.terminal import TerminalBar  # noqa: PLC0415 - in a pipe nothing is drawn

    with closing(TerminalBar(doing=doing, transient=True)) as bar:
        bar.start()
        yield bar


def compile_first() -> None:
    """Load the kernels meanwhile; the very first time on a machine, compile them and say what takes seconds."""
    if is_kept_for_some_cpu():
        threading.Thread(target=_load_kernels, name="barsweep-kernels", daemon=True).start()
    else:
        _load_kernels()


def _load_kernels() -> None:
    try:
        if not is_kept():
            say("compiling kernels for this CPU, once ...")
        machine_code()
    except (ImportError, KernelsRefusedError):
        return  # Polars computes, or the job tells why not


@contextmanager
def interruptible(cancel: Callable[[], None], *, terminated: bool = False) -> Iterator[None]:
    """Let the first Ctrl-C call `cancel`; the second one ends the process as usual. `terminated`: SIGTERM as well."""
    unwind_on_interrupt()
    signals = [signal.SIGINT, *([signal.SIGTERM] if terminated else [])]

    def on_signal(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, before[number])
        cancel()

    heard = [number for number in map(int, signals) if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, on_signal) for number in heard}
    try:
        yield
    finally:
        for number, usual in before.items():
            signal.signal(number, usual)
