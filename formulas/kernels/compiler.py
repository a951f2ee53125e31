"""Kernels as machine code: compiled once per machine, kept on disk, and loaded in a moment.

The code is that of this CPU, and stands in the user's cache folder (kept.py, formulas/keeping.py). Where there is no
such folder, each process compiles for itself. LLVM (llvm.py) is loaded to compile, and where it is not known here how
to put into memory what it made (linking.py, images.py).
"""

from __future__ import annotations

import ctypes
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final, Protocol

from ...errors import ProcessingEngineError
from . import kept, llvm
from .images import Image, PlacedImage

LOG: Final = logging.getLogger("barsweep")
PARTS: Final = 4
IMAGE: Final = b"image"
OBJECTS: Final = b"objects"
"""What the first part of a kept file says of the others."""


class KernelsRefusedError(ProcessingEngineError):
    """The system lets nobody run what a process has compiled itself."""


class Placed(Protocol):
    """Code in memory, where it stays as long as this does."""

    def address(self, symbol: str) -> int:
        """Where a function begins; KeyError where there is none of that name."""
        ...


class MachineCode:
    """Compiled functions. They stay in memory as long as the process runs."""

    def __init__(self, placed: Placed) -> None:
        self.placed = placed
        self.address = placed.address
        pointer, whole = ctypes.c_void_p, ctypes.c_int64
        self.sweep = self._callable("sweep", *[pointer, whole] * 4, whole, pointer)
        self.once = self._callable("once", pointer, whole, whole, pointer)
        self.advance = self._callable("advance", *[pointer, whole] * 2, pointer, *[pointer, whole] * 3, pointer)
        listed = pointer, whole, pointer, pointer, whole, pointer, pointer, whole, pointer, pointer
        self.list_found = self._callable("list_found", *listed)

    def _callable(self, symbol: str, *arguments: type[Any]) -> Callable[..., int]:
        """A function that answers with a whole number; the interpreter's lock is not held while it runs."""
        return ctypes.CFUNCTYPE(ctypes.c_int64, *arguments)(self.address(symbol))


_LOCK: Final = threading.Lock()


def is_kept() -> bool:
    """Whether the kernels of this CPU have been compiled already, so that nobody has to wait.

    Raises:
        ImportError: llvmlite is missing.
    """
    path = kept.path_for_this_cpu()
    return path is not None and path.exists()


def machine_code() -> MachineCode:
    """The compiled kernels; the first call of a process loads them, the first on a machine compiles them.

    Raises:
        ImportError: llvmlite is missing or does not load.
        KernelsRefusedError: The system lets nobody run what a process has compiled itself.
    """
    with _LOCK:
        found = _loaded()
    if isinstance(found, OSError):
        raise KernelsRefusedError(f'{found.strerror}: executor="polars" computes without them') from found
    return found


@cache
def _loaded() -> MachineCode | OSError:
    """The kernels, or why they cannot run: asked again, they could not either."""
    path = kept.path_for_this_cpu()
    parts = kept.read(path) if path else None
    if parts is None:
        began = time.perf_counter()
        parts = as_parts(compile_kernels())
        seconds, folder = time.perf_counter() - began, path or "no folder"
        fields = {"event": "kernels compiled", "elapsed": seconds, "folder": str(folder)}
        LOG.info("kernels compiled in %.1f s; kept for later in %s", seconds, folder, extra=fields)
        if path:
            kept.write(path, parts)
    try:
        return MachineCode(placed_parts(parts))
    except OSError as error:  # told by `machine_code`, each time
        return error


def as_parts(objects: Sequence[bytes]) -> list[bytes]:
    """What is kept of object files: an image, where one can be made of them here."""
    from .linking import UnlinkableError, link  # noqa: PLC0415 - only who compiles needs it

    try:
        return [IMAGE, link(objects, llvm.C_FUNCTIONS).to_bytes()]
    except UnlinkableError as error:  # LLVM can: it takes a few hundredths of a second longer at each start
        LOG.info("LLVM is to load the kernels: %s", error, extra={"event": "kernels unlinked", "error": str(error)})
        return [OBJECTS, *objects]


def placed_parts(parts: Sequence[bytes]) -> Placed:
    """What `as_parts` made, in memory."""
    kind, *rest = parts
    return PlacedImage(Image.from_bytes(*rest)) if kind == IMAGE else llvm.PlacedObjects(rest)


def compile_kernels() -> list[bytes]:
    """Compile every kernel, and what runs them, to object files for this CPU, several at a time."""
    with ThreadPoolExecutor(PARTS) as pool:  # LLVM does not hold the interpreter's lock
        return list(pool.map(llvm.compiled, _modules()))


def _modules() -> list[str]:
    """All that goes across symbols, all that runs tiles, and their kernels in parts of about the same size."""
    from . import levelling, ranking  # noqa: F401, PLC0415 - they declare kernels across symbols
    from .building import build  # noqa: PLC0415 - what is kept on disk need not be built
    from .crossing import define_section_kernels  # noqa: PLC0415
    from .declaring import KERNELS  # noqa: PLC0415
    from .finding import FINDING  # noqa: PLC0415
    from .gathering import define_gathering  # noqa: PLC0415
    from .listing import define_listing  # noqa: PLC0415
    from .moving import MOVING  # noqa: PLC0415
    from .ordering import define_order  # noqa: PLC0415
    from .sections import define_sections  # noqa: PLC0415
    from .sweeping import define_advance, define_once, define_sweep  # noqa: PLC0415
    from .unpacking import UNPACKING  # noqa: PLC0415

    kernels = list(KERNELS.values())
    frame, across = build([*MOVING, *UNPACKING, *FINDING]), build([])
    for module, defines in (
        (frame, (define_sweep, define_once, define_advance, define_gathering)),
        (across, (define_sections, define_order, define_section_kernels, define_listing)),
    ):
        for define in defines:
            define(module)
    return [str(across), str(frame), *(str(build(kernels[part::PARTS])) for part in range(PARTS))]
