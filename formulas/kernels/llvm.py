"""LLVM by llvmlite: from modules to object files for this CPU, and from those to memory."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from typing import Any, Final

MISSING: Final = (
    "compiled kernels need llvmlite, and it cannot be imported ({error}); install it with `pip install llvmlite`"
)
C_FUNCTIONS: Final = ("floor", "ceil", "trunc", "memset", "memcpy")
"""What the code may call of the C library."""


def binding() -> Any:
    """The library; ImportError, which says what to do, where it is missing or does not load."""
    try:
        from llvmlite import binding as llvm  # noqa: PLC0415 - takes longer to load than a small scan takes
    except (ImportError, OSError) as error:
        raise ImportError(MISSING.format(error=error)) from error
    return llvm


def version() -> str:
    """The library's version, of which LLVM itself need not be loaded; ImportError as in `binding`."""
    try:
        from llvmlite import __version__ as told  # noqa: PLC0415 - as above
    except ImportError as error:
        raise ImportError(MISSING.format(error=error)) from error
    return str(told)


def described() -> str:
    """This CPU, and the system that the code is for."""
    llvm = binding()
    return "\n".join([llvm.get_process_triple(), llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()])


def compiled(module: str) -> bytes:
    """An object file of a module."""
    llvm, machine = binding(), target_machine()
    parsed = llvm.parse_assembly(module)
    passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
    passes.getModulePassManager().run(parsed, passes)
    code: bytes = machine.emit_object(parsed)
    return code


def target_machine() -> Any:
    """This CPU, described anew for each use: an engine takes its description with it when it goes."""
    llvm = binding()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    return llvm.Target.from_default_triple().create_target_machine(cpu=cpu, features=features, opt=2, jit=True)


class PlacedObjects:
    """Object files that LLVM has loaded; ImportError as in `binding`."""

    def __init__(self, objects: Sequence[bytes]) -> None:
        llvm = binding()
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
        library = ctypes.CDLL(None) if os.name == "posix" else ctypes.CDLL("ucrtbase")
        for name in C_FUNCTIONS:  # not every platform finds them by itself
            llvm.add_symbol(name, ctypes.cast(getattr(library, name), ctypes.c_void_p).value)
        for each in objects:
            self._engine.add_object_file(llvm.ObjectFileRef.from_data(each))
        self._engine.finalize_object()

    def address(self, symbol: str) -> int:
        """Where a function begins; KeyError where there is none of that name."""
        found: int = self._engine.get_function_address(symbol)
        if not found:
            raise KeyError(symbol)
        return found
