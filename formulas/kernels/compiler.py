"""How every kernel is compiled: without the interpreter lock, cached on disk, and with plain IEEE arithmetic.

No fastmath and no fused multiply-add, so that a value does not depend on the CPU or on its neighbours in a tile.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar, cast

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

logger = logging.getLogger("barsweep")


def compiler_for(needed_by: str) -> Callable[[Kernel], Kernel]:
    """Return the decorator that compiles the kernels behind `needed_by` (function names, for the error's text).

    Raises:
        ImportError: numba is missing or does not load; the text names the functions that need it.
    """
    try:
        import numba  # noqa: PLC0415 - the error below is for who needs a kernel, not for who imports the package
    except ImportError as error:
        raise ImportError(
            f"{needed_by}: computed by compiled kernels, which need numba, and numba cannot be imported ({error}); "
            "install it with `pip install numba`"
        ) from error

    def compile_kernel(kernel: Kernel) -> Kernel:
        try:
            compiled = numba.njit(nogil=True, error_model="numpy", cache=True)(kernel)
        except RuntimeError as error:
            # Neither this folder nor the user's cache folder can be written: each process compiles for itself.
            logger.info("kernels are compiled anew in this process: %s", error)
            compiled = numba.njit(nogil=True, error_model="numpy")(kernel)
        return cast("Kernel", compiled)

    return compile_kernel
