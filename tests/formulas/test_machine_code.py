"""Tiles and machine code: numbers moved to and fro, code kept on disk, and what happens where it cannot be."""

import builtins
import hashlib
import logging
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from barsweep.formulas.kernels import KERNELS, building, compiler, finding, kept, llvm, moving, unpacking
from barsweep.formulas.kernels.calling import run_primitive
from barsweep.formulas.kernels.graphs import Graph
from barsweep.formulas.kernels.machine import Machine, Stop
from barsweep.formulas.kernels.registers import lay_out
from barsweep.formulas.kernels.steps import Stores
from barsweep.formulas.kernels.tiles import IDS, LANES, LENGTHS, LONGEST, TILE, tiles_of_like_length

BARS = 200_000
STARTS = np.array([0, 1, 1, 9, 40, 41, 141, *range(150, 420, 9)])


def copied(values, starts, block=64):
    """Columns of numbers, truth and validity after the way through registers."""
    graph = Graph()
    series = graph.load("x")
    program = lay_out(graph, Stores((series, series), (False, True)), block)
    bits = [np.full(values.size // 8 + 3, fill, np.uint8) for fill in (0xFF, 0, 0xFF)]
    numbers = np.full(values.size, -1.0)
    Machine(program).run([values, numbers, bits[0], *bits[1:]], tiles_of_like_length(starts))
    return numbers, *(np.unpackbits(each, bitorder="little")[: values.size].astype(bool) for each in bits)


@pytest.mark.parametrize("block", [1, 7, 8, 64])
def test_columns_go_into_registers_and_back(block):
    """Whatever the symbols' lengths: each row in its place, undefined ones marked."""
    chance = np.random.default_rng(3)
    values = chance.choice([0.0, 1.0, 2.5, np.nan], STARTS[-1])

    numbers, valid, true, known = copied(values, STARTS, block)

    np.testing.assert_array_equal(numbers, values)
    np.testing.assert_array_equal(valid, ~np.isnan(values))
    np.testing.assert_array_equal(known, ~np.isnan(values))
    np.testing.assert_array_equal(true, values == 1.0)


def test_tiles_hold_every_symbol_that_has_bars_once():
    tiles = tiles_of_like_length(STARTS)

    assert tiles.shape == (3, TILE)
    lengths, ids = tiles[:, LENGTHS : LENGTHS + LANES], tiles[:, IDS : IDS + LANES]
    present = ids[lengths > 0]
    assert sorted(present) == [k for k in range(STARTS.size - 1) if STARTS[k + 1] > STARTS[k]]
    assert (np.sort(lengths.max(axis=1)) == tiles[:, LONGEST]).all()


def test_columns_must_fit_the_symbols():
    with pytest.raises(ValueError, match="end at 4"):
        run_primitive("mean_deviation", [np.zeros(3)], np.array([0, 4]), (2,))


def test_no_symbols_give_empty_columns():
    (result,) = run_primitive("mean_deviation", [np.zeros(0)], np.array([0]), (2,))

    assert result.size == 0


def test_a_raised_flag_ends_a_run():
    """While it runs: what was computed by then is there, what was to come is not."""
    values, ended, stop = np.random.default_rng(8).normal(size=LANES * BARS), [], Stop()
    starts = np.arange(0, values.size + 1, BARS)
    graph = Graph()
    series = graph.call("percent_rank", graph.load("x"), n=2000)
    machine = Machine(lay_out(graph, Stores((series,), (False,)), 64))
    numbers = np.full(values.size, -1.0)
    arrays = [values, numbers, np.zeros(values.size // 8 + 3, np.uint8)]
    running = threading.Thread(target=lambda: ended.append(machine.run(arrays, tiles_of_like_length(starts), stop)))

    running.start()
    while numbers[0] == -1.0 and running.is_alive():
        time.sleep(0.001)
    stop.raise_flag()
    running.join()

    assert ended == [False]
    assert np.isnan(numbers[0])  # its window is not full
    assert numbers[-1] == -1.0


def test_machine_code_calls_nothing_by_name():
    """A name that is not there would end the process when the code is loaded."""
    module = building.build([*KERNELS.values(), *moving.MOVING, *unpacking.UNPACKING, *finding.FINDING])
    outside = {function.name for function in module.functions if function.is_declaration}

    assert {name for name in outside if not name.startswith("llvm.")} == set()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BARSWEEP_CACHE", str(tmp_path / "cache"))
    compiler._loaded.cache_clear()
    yield tmp_path / "cache"
    compiler._loaded.cache_clear()


def test_code_is_kept_for_the_next_process(folder, monkeypatch, caplog):
    caplog.set_level(logging.INFO, logger="barsweep")
    compiler.machine_code()
    (kept,) = folder.iterdir()
    assert "compiled" in caplog.text

    compiler._loaded.cache_clear()
    monkeypatch.setattr(compiler, "compile_kernels", lambda: pytest.fail("compiled again"))
    compiler.machine_code()

    assert kept.stat().st_size > 10_000
    if os.name == "posix":
        assert folder.stat().st_mode & 0o777 == 0o700
        assert kept.stat().st_mode & 0o077 == 0


def test_whether_code_is_kept_is_known_before_llvmlite_is_imported(folder):
    assert not kept.is_kept_for_some_cpu()
    compiler.machine_code()
    assert kept.is_kept_for_some_cpu()

    code = (
        "import sys; from barsweep.formulas.kernels import kept\n"
        "print(kept.is_kept_for_some_cpu(), 'llvmlite' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "True False\n"


@pytest.mark.parametrize(
    "harm",
    [
        lambda code: code[:-100],
        lambda code: code[:500] + b"?" + code[501:],
        lambda _: b"",
        lambda _: hashlib.sha256(b"").digest(),
    ],
)
def test_damaged_code_is_compiled_anew(folder, harm):
    compiler.machine_code()
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(harm(whole))

    compiler._loaded.cache_clear()
    compiler.machine_code()

    assert kept.read_bytes() == whole


def test_a_folder_that_others_can_write_to_is_not_trusted(folder, caplog):
    folder.mkdir()
    folder.chmod(0o777)

    compiler.machine_code()

    assert list(folder.iterdir()) == []
    assert "written by others" in caplog.text


def test_kernels_compile_where_no_folder_can_be_made(folder, caplog):
    caplog.set_level(logging.INFO, logger="barsweep")
    folder.write_text("a file where the folder should be")

    compiler.machine_code()

    assert "nothing can be kept" in caplog.text


def test_missing_llvmlite_is_named(monkeypatch):
    really_import = builtins.__import__

    def without(name, *arguments, **options):
        if name.partition(".")[0] == "llvmlite":
            raise ModuleNotFoundError("No module named 'llvmlite'")
        return really_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(ImportError, match="pip install llvmlite"):
        llvm.binding()
    with pytest.raises(ImportError, match="pip install llvmlite"):
        llvm.version()


def test_importing_the_package_does_not_import_llvmlite():
    code = "import sys, barsweep.formulas.kernels; sys.exit('llvmlite' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
