"""What all clusters have: a folder that everybody sees, and a number of places that changes."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from ...errors import ProcessingEngineError
from ..given import as_path
from ..limits import whole

if TYPE_CHECKING:
    from .driving import Errand

IDENTITY: Final = "folder.id"
ADDRESS: Final = re.compile(
    r"auto|\w+://.*|[\w.-]+:\d+"
)  # of a cluster: "auto", "tcp://10.0.0.1:8786", "10.0.0.1:6379"
FRESH: Final = 2.0  # seconds for which a count of places is believed


class FolderCluster(ABC):
    """A cluster with a folder: `folder` None makes one on this machine, which goes when the cluster is closed.

    `slots` fixes the number of orders that run at a time. Raises ProcessingEngineError where the folder cannot be made.
    """

    def __init__(self, folder: str | os.PathLike[str] | None, slots: int | None = None) -> None:
        self._fixed = None if slots is None else whole("slots", slots, least=1)
        self._private = folder is None
        self.folder = _made(folder)
        self._counted, self._until = 1, 0.0

    @property
    def slots(self) -> int:
        """Orders at a time, at the least one: as told, or what the cluster has places for at this moment."""
        if self._fixed is not None:
            return self._fixed
        if time.monotonic() > self._until:  # nodes come and go, but nobody asks them before every batch
            self._counted, self._until = max(1, self._count()), time.monotonic() + FRESH
        return self._counted

    @abstractmethod
    def send(self, text: str) -> Errand:
        """Have `working.carry_out(text, folder)` called somewhere."""

    @abstractmethod
    def _count(self) -> int:
        """Places at this moment."""

    @abstractmethod
    def _leave(self) -> None:
        """Let go of the machines."""

    def close(self) -> None:
        """Leave the cluster, and end what was started for it."""
        self._leave()
        if self._private:
            shutil.rmtree(self.folder, ignore_errors=True)  # a worker that is just being ended may still write

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def assert_no_address(folder: str | os.PathLike[str] | None) -> None:
    """Raise ProcessingEngineError for an address in a folder's place: a cluster on this machine would be started."""
    if folder is not None and ADDRESS.fullmatch(os.fspath(folder)):
        raise ProcessingEngineError(f"{folder} is an address; the folder for results comes first, then the address")


def _made(folder: str | os.PathLike[str] | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="barsweep-cluster-")).resolve()
    path = as_path(folder, "a cluster has a folder that all machines see").resolve()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{path} cannot be the folder of a cluster: {error.strerror}; name one that all machines can write to"
        raise ProcessingEngineError(message) from error
    return path


def identity_of(folder: Path) -> str:
    """What tells this folder from another machine's of the same path; the first driver writes it."""
    path = folder / IDENTITY
    if not path.exists():
        aside = aside_of(path)
        aside.write_text(secrets.token_hex(16), encoding="utf-8")
        try:
            os.link(aside, path)
        except FileExistsError:  # another driver was quicker, and its orders name the folder perhaps
            pass
        except OSError:  # a file system without links: there drivers should not begin at the same moment
            aside.replace(path)
        aside.unlink(missing_ok=True)
    return path.read_text(encoding="utf-8")


def aside_of(path: Path) -> Path:
    """Where a file is written that shall have its name when it is whole."""
    return path.with_name(f".{path.name}-{secrets.token_hex(4)}")


def is_seen(folder: Path, identity: str) -> bool:
    """Whether the folder of this path is the driver's."""
    try:
        return (folder / IDENTITY).read_text(encoding="utf-8") == identity
    except OSError:  # none of that name, or closed to this user: not the driver's, in any case
        return False
