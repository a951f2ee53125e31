"""Tiles: packing and unpacking, and what happens where numba or its cache is missing."""

import builtins
import subprocess
import sys

import numpy as np
import pytest

from barsweep.formulas.kernels import KERNELS, compiler, tiles

LANES = tiles.LANES


def test_pack_and_unpack_are_inverse():
    values = np.arange(60.0)
    begins, lengths = np.array([40, 0, 10]), np.array([5, 10, 20])
    register = np.full(23 * LANES, -1.0)
    tiles.pack(values, begins, lengths, 3, register)
    back = np.full(60, np.nan)
    tiles.unpack(register, begins, lengths, 3, back)

    rows = register.reshape(23, LANES)
    assert (rows[:3] == -1.0).all()
    assert rows[3:8, 0].tolist() == [40, 41, 42, 43, 44]
    assert np.isnan(rows[8:, 0]).all()
    assert np.isnan(rows[3:, 3:]).all()
    known = [*range(30), *range(40, 45)]
    assert back[known].tolist() == values[known].tolist()
    assert np.isnan(np.delete(back, known)).all()


def test_columns_must_fit_the_symbols():
    with pytest.raises(ValueError, match="end at 4"):
        tiles.run_kernel(KERNELS["mean_deviation"], [np.zeros(3)], np.array([0, 4]), (2,))


def test_no_symbols_give_empty_columns():
    (result,) = tiles.run_kernel(KERNELS["mean_deviation"], [np.zeros(0)], np.array([0]), (2,))

    assert result.size == 0


def test_missing_numba_names_the_functions_that_need_it(monkeypatch):
    really_import = builtins.__import__

    def without_numba(name, *arguments, **options):
        if name == "numba":
            raise ModuleNotFoundError("No module named 'numba'")
        return really_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_numba)

    with pytest.raises(ImportError, match=r"sar and supertrend: .* need numba.*pip install numba"):
        compiler.compiler_for("sar and supertrend")


def test_kernels_compile_where_no_folder_can_be_written(monkeypatch):
    """Numba refuses to cache there; the kernel is then compiled for this process alone."""
    import numba

    really_compile = numba.njit

    def without_cache(**options):
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return really_compile(**options)

    monkeypatch.setattr(numba, "njit", without_cache)

    @compiler.compiler_for("a test")
    def double(x):
        return 2 * x

    assert double(2.0) == 4.0


def test_importing_the_package_does_not_import_numba():
    """Numba takes longer to import than everything else; only a formula that needs a kernel pays for it."""
    code = "import sys, barsweep.formulas.kernels; sys.exit('numba' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
