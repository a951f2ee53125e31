"""Kernels as machine code: compiled once per machine, kept on disk, and loaded in milliseconds.

The code is that of this CPU, and stands in the user's cache folder (formulas/keeping.py) under a name made of all that
it depends on. Where there is no such folder, each process compiles for itself.
"""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, Final

from ..keeping import private_folder

LOG: Final = logging.getLogger("barsweep")
DIGEST: Final = 32
SIZE: Final = 8  # bytes that tell a part's length
PARTS: Final = 4
MISSING: Final = (
    "compiled kernels need llvmlite, and it cannot be imported ({error}); install it with `pip install llvmlite`"
)


class MachineCode:
    """The addresses of compiled functions. The code lives as long as the process."""

    def __init__(self, code: Sequence[bytes]) -> None:
        llvm = _llvm()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine())
        _offer_mathematics(llvm)
        for part in code:
            self._engine.add_object_file(llvm.ObjectFileRef.from_data(part))
        self._engine.finalize_object()
        pointer, whole = ctypes.c_void_p, ctypes.c_int64
        self.sweep = self._callable("sweep", *[pointer, whole] * 4, whole, pointer)
        self.once = self._callable("once", pointer, whole, whole, pointer)
        self.advance = self._callable("advance", *[pointer, whole] * 2, pointer, *[pointer, whole] * 3, pointer)
        listed = pointer, whole, pointer, pointer, whole, pointer, pointer, whole, pointer, pointer
        self.list_found = self._callable("list_found", *listed)

    def _callable(self, symbol: str, *arguments: type[Any]) -> Callable[..., int]:
        """A function that answers with a whole number; the interpreter's lock is not held while it runs."""
        return ctypes.CFUNCTYPE(ctypes.c_int64, *arguments)(self.address(symbol))

    def address(self, symbol: str) -> int:
        """Where a kernel begins."""
        found: int = self._engine.get_function_address(symbol)
        assert found, symbol
        return found


_LOCK: Final = threading.Lock()


def is_kept_for_some_cpu() -> bool:
    """Whether these kernels have been compiled already on a machine that shares the folder: on this one, as a rule.

    This needs no llvmlite, which takes longer to import than a small scan takes.
    """
    folder = private_folder()
    return folder is not None and any(folder.glob(f"{_prefix()}*"))


def is_kept() -> bool:
    """Whether the kernels of this CPU have been compiled already, so that nobody has to wait."""
    path = _path()
    return path is not None and path.exists()


def machine_code() -> MachineCode:
    """The compiled kernels; the first call of a process loads them, the first on a machine compiles them.

    Raises:
        ImportError: llvmlite is missing or does not load.
    """
    with _LOCK:
        return _loaded()


@cache
def _loaded() -> MachineCode:
    path = _path()
    code = _read(path) if path else None
    if code is None:
        began = time.perf_counter()
        code = compile_kernels()
        seconds, folder = time.perf_counter() - began, path or "no folder"
        fields = {"event": "kernels compiled", "elapsed": seconds, "folder": str(folder)}
        LOG.info("kernels compiled in %.1f s; kept for later in %s", seconds, folder, extra=fields)
        if path:
            _write(path, code)
    return MachineCode(code)


def compile_kernels() -> list[bytes]:
    """Compile every kernel, and what runs them, to object files for this CPU, several at a time."""
    with ThreadPoolExecutor(PARTS) as pool:  # LLVM does not hold the interpreter's lock
        return list(pool.map(_compiled, _modules()))


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


def _compiled(module: str) -> bytes:
    llvm, machine = _llvm(), _target_machine()
    parsed = llvm.parse_assembly(module)
    passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
    passes.getModulePassManager().run(parsed, passes)
    code: bytes = machine.emit_object(parsed)
    return code


def _llvm() -> Any:
    try:
        from llvmlite import binding  # noqa: PLC0415 - takes longer to load than a small scan takes
    except (ImportError, OSError) as error:
        raise ImportError(MISSING.format(error=error)) from error
    return binding


def _target_machine() -> Any:
    """This CPU, described anew for each use: an engine takes its description with it when it goes."""
    llvm = _llvm()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    return llvm.Target.from_default_triple().create_target_machine(cpu=cpu, features=features, opt=2, jit=True)


def _offer_mathematics(llvm: Any) -> None:
    """The functions of the C library that the code may call: not every platform finds them by itself."""
    library = ctypes.CDLL(None) if os.name == "posix" else ctypes.CDLL("ucrtbase")
    for name in ("floor", "ceil", "trunc", "memset", "memcpy"):
        llvm.add_symbol(name, ctypes.cast(getattr(library, name), ctypes.c_void_p).value)


def _path() -> Path | None:
    """Where the code of these kernels is kept for this CPU; None where no folder is safe."""
    folder = private_folder()
    if folder is None:
        return None
    llvm = _llvm()
    from llvmlite import __version__ as version  # noqa: PLC0415 - as in _llvm, which tells where it is missing

    facts = [version, llvm.get_process_triple(), llvm.get_host_cpu_name()]
    facts.append(llvm.get_host_cpu_features().flatten())
    key = hashlib.sha256("\n".join(facts).encode())
    return folder / f"{_prefix()}{key.hexdigest()[:16]}.code"


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


def _read(path: Path) -> list[bytes] | None:
    """The code, if the file is there and whole."""
    try:
        content = path.read_bytes()
    except OSError:  # not kept yet
        return None
    digest, rest = content[:DIGEST], content[DIGEST:]
    if hashlib.sha256(rest).digest() != digest:
        fields = {"event": "kernels damaged", "folder": str(path)}
        LOG.warning("%s is damaged; the kernels are compiled anew", path, extra=fields)
        return None
    parts: list[bytes] = []
    while rest:
        size = int.from_bytes(rest[:SIZE], "little")
        parts.append(rest[SIZE : SIZE + size])
        rest = rest[SIZE + size :]
    return parts


def _write(path: Path, code: Sequence[bytes]) -> None:
    """Written aside and renamed: another process sees a whole file or none."""
    content = b"".join(len(part).to_bytes(SIZE, "little") + part for part in code)
    aside = path.with_name(f".{path.name}-{secrets.token_hex(6)}")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with os.fdopen(os.open(aside, flags, 0o600), "wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
        aside.replace(path)
    except OSError as error:  # a full disk, say: the code is there, the next process compiles its own
        aside.unlink(missing_ok=True)
        LOG.info("compiled kernels cannot be kept: %s", error, extra={"event": "nothing kept", "error": str(error)})
