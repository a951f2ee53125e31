"""Where compiled kernels are kept: a file in the user's cache folder, whose name is made of all that it depends on.

An image (images.py) where there can be one, object files where LLVM has to load them.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from ..keeping import private_folder
from . import llvm
from .cpu import told_by_system

LOG: Final = logging.getLogger("barsweep")
DIGEST: Final = 32
SIZE: Final = 8  # bytes that tell a part's length


def path_for_this_cpu() -> Path | None:
    """Where the code of these kernels is kept for this CPU; None where no folder is safe.

    Raises:
        ImportError: llvmlite is missing.
    """
    folder = private_folder()
    if folder is None:
        return None
    key = hashlib.sha256(f"{llvm.version()}\n{told_by_system() or llvm.described()}".encode())
    return folder / f"{_prefix()}{key.hexdigest()[:16]}.code"


def is_kept_for_some_cpu() -> bool:
    """Whether these kernels have been compiled already on a machine that shares the folder: on this one, as a rule.

    This never needs llvmlite, which takes longer to import than a small scan takes.
    """
    folder = private_folder()
    return folder is not None and any(folder.glob(f"{_prefix()}*"))


def _prefix() -> str:
    """How the names of files of these kernels begin, for whatever CPU."""
    return f"kernels-{digest_of_kernels()[:24]}-"


@cache
def digest_of_kernels() -> str:
    """What tells these kernels from those of other versions."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def read(path: Path) -> list[bytes] | None:
    """The parts, if the file is there and whole."""
    try:
        content = path.read_bytes()
    except OSError:  # not kept yet
        return None
    digest, rest = content[:DIGEST], content[DIGEST:]
    if not rest or hashlib.sha256(rest).digest() != digest:
        fields = {"event": "kernels damaged", "folder": str(path)}
        LOG.warning("%s is damaged; the kernels are compiled anew", path, extra=fields)
        return None
    parts: list[bytes] = []
    while rest:
        size = int.from_bytes(rest[:SIZE], "little")
        parts.append(rest[SIZE : SIZE + size])
        rest = rest[SIZE + size :]
    return parts


def write(path: Path, parts: Sequence[bytes]) -> None:
    """Written aside and renamed: another process sees a whole file or none."""
    content = b"".join(len(part).to_bytes(SIZE, "little") + part for part in parts)
    aside = path.with_name(f".{path.name}-{secrets.token_hex(6)}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(aside, flags, 0o600), "wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
        aside.replace(path)
    except OSError as error:  # a full disk, say: the code is there, the next process compiles its own
        aside.unlink(missing_ok=True)
        LOG.info("compiled kernels cannot be kept: %s", error, extra={"event": "nothing kept", "error": str(error)})
