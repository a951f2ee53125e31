"""Files that are whole or as they were before: written aside, then renamed; and writers kept out of each other's way.

A process may be killed at any moment. What it was writing then stays in a hidden folder beside the target, which the
next writer of that target removes: a lock, which ends with its process, tells what is left from what is being written.
"""

from __future__ import annotations

import errno
import glob
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self

LOG = logging.getLogger("barsweep")

LOCK: Final = "lock"
FLUSHED_TOGETHER: Final = 2**22  # bytes: fewer are flushed at the end, in a few hundredths of a second
WITHOUT_LOCKS: Final = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP}  # of file systems, some of a network


class Aside:
    """A file to be, written where nobody looks: `with Aside(target) as aside:` write `aside.path`, then `take_place()`.

    Who writes for long calls `flush_along()` on the way. Without `take_place` the target stays as it was. Links are
    followed, and a target's permissions are kept. Raises OSError where nothing can be written beside the target.

    >>> target = Path(tempfile.mkdtemp()) / "found.txt"
    >>> with Aside(target) as aside:
    ...     _ = aside.path.write_text("whole")
    ...     aside.take_place()
    >>> [path.name for path in target.parent.iterdir()], target.read_text()
    (['found.txt'], 'whole')
    """

    def __init__(self, target: Path) -> None:
        self.target = target.resolve()
        self.folder = self.target.parent
        self.path = self.target
        self._lock = -1
        self._flushed = 0  # bytes, with those that a thread flushes
        self._flushing: threading.Thread | None = None
        self._failed: OSError | None = None

    def __enter__(self) -> Self:
        remove_left(self.target)
        while self._lock < 0:
            self.folder = Path(tempfile.mkdtemp(prefix=f".{self.target.name}-", dir=self.target.parent))
            with suppress(FileNotFoundError):  # another writer took the folder for one that was left: make a new one
                self._lock = locked(self.folder / LOCK)
        self.path = self.folder / self.target.name
        return self

    def flush_along(self) -> None:
        """Have on the disk what was written so far, in a thread: else the end would wait for the whole file.

        Waits for what was begun before, lest more gathers than the disk takes. Raises OSError if that failed: whoever
        asks again would be told that all is well.
        """
        size = self.path.stat().st_size
        if size - self._flushed < FLUSHED_TOGETHER:
            return
        self._wait()
        self._flushed = size
        self._flushing = threading.Thread(target=self._flush, name="barsweep-flush", daemon=True)
        self._flushing.start()

    def _flush(self) -> None:
        try:
            flush(self.path)
        except OSError as error:  # for whoever waits
            self._failed = error

    def _wait(self) -> None:
        if self._flushing is not None:
            self._flushing.join()
        if self._failed is not None:
            raise self._failed

    def take_place(self, place: Path | None = None) -> None:
        """Put the file, flushed to disk, in the place of the target, or of another name beside it."""
        if self.target.exists():
            shutil.copymode(self.target, self.path)
        self._wait()
        flush(self.path)
        replace_at_once(self.path, place or self.target)
        flush_folder(self.target.parent)

    def __exit__(self, *_: object) -> None:
        remove(self.folder)
        os.close(self._lock)
        remove(self.folder)  # where open files stay, the lock is still there: it goes now


def remove_left(target: Path) -> None:
    """Remove what writers of this target left that were killed; what is being written has a lock and stays."""
    for folder in target.parent.glob(f".{glob.escape(target.name)}-*"):
        try:
            lock = os.open(folder / LOCK, os.O_RDWR)
        except OSError:  # its writer was killed, or is about to make one, or is another user
            with suppress(OSError):  # only an empty folder goes; a writer that misses it makes another one
                folder.rmdir()
            continue
        if taken(lock):
            remove(folder)
        os.close(lock)


def remove(folder: Path) -> None:
    """Remove a folder, its lock last: who is killed meanwhile leaves one that the next writer knows for left."""
    with suppress(OSError):  # what stays, its lock too, is removed by the next writer
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != LOCK:
                path.unlink()
        shutil.rmtree(folder)


@contextmanager
def alone(target: Path) -> Iterator[None]:
    """Keep waiting who else writes to the target under this lock: in this process, or in any other of the machine.

    For writers that keep a part of what is there. Raises OSError where no file can be made beside the target.
    """
    own = target.resolve()
    path = own.with_name(f".{own.name}.{LOCK}")
    lock = locked(path)
    try:
        yield
    finally:
        with suppress(OSError):  # a system that keeps open files keeps it: whoever comes next locks the same one
            path.unlink()
        os.close(lock)


def locked(path: Path) -> int:
    """A file that is locked as long as its descriptor, which is returned, is open; waits for whoever has it."""
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if not taken(lock):
                LOG.info(
                    "%s is held by another writer: waiting",
                    path,
                    extra={"event": "waiting for writer", "path": str(path)},
                )
                wait_for(lock)
            if is_at(lock, path):
                return lock
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)  # whoever had it has removed it: lock the one that is there now


def taken(lock: int) -> bool:
    """Whether the lock could be had at once; where the file system has no locks it is had by everybody."""
    from filelock import lock_descriptor  # noqa: PLC0415 - who only reads need not wait for it

    try:
        return lock_descriptor(lock, blocking=False)
    except OSError as error:
        if error.errno not in WITHOUT_LOCKS:
            raise
        LOG.info(
            "this file system has no locks: two that write one file at once are not kept apart",
            extra={"event": "no locks"},
        )
        return True


def wait_for(lock: int) -> None:
    """Wait until the lock is had."""
    from filelock import lock_descriptor  # noqa: PLC0415 - as above

    lock_descriptor(lock)


def is_at(lock: int, path: Path) -> bool:
    """Whether an open file is the one that is at this path now."""
    try:
        return os.path.samestat(os.fstat(lock), path.stat())
    except FileNotFoundError:  # removed by whoever had the lock
        return False


def replace_at_once(path: Path, target: Path) -> None:
    """Give a file the name of another one, which goes.

    To free the room of a large file takes a good part of a second. While it is held open it stays, without a name; so
    it is let go of in a thread that nobody waits for. Where open files cannot be replaced, one has to wait.
    """
    old = os.open(target, os.O_RDONLY) if os.name == "posix" and os.access(target, os.R_OK) else None
    try:
        path.replace(target)
    finally:
        if old is not None:
            threading.Thread(target=os.close, args=[old], name="barsweep-free", daemon=True).start()


def flush(path: Path) -> None:
    """Have a file on the disk, not only on its way there."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Have the names of a folder's files on the disk."""
    with suppress(OSError):  # systems that cannot open folders, or flush them, look after names themselves
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
