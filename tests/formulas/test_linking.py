"""Compiled kernels put together once and loaded without LLVM: the same code, and LLVM where that cannot be."""

import logging
import os
import struct
import subprocess
import sys

import numpy as np
import pytest
from fakes import candles

import barsweep as bs
from barsweep.errors import ProcessingEngineError
from barsweep.formulas.kernels import compiler, cpu, images, kept, linking, llvm, machine
from barsweep.formulas.kernels.calling import run_primitive
from barsweep.formulas.kernels.images import Image, PlacedImage

LINKS = cpu.told_by_system() is not None
only_where_images_are = pytest.mark.skipif(not LINKS, reason="images are made on Linux on x86-64")
STARTS = np.array([0, 40, 40, 300, 1000])
MACHINE_OF_OBJECT = 18
ARM = 183
MERGEABLE = 16  # the flag of sections of constants


@pytest.fixture(scope="module")
def objects():
    return compiler.compile_kernels()


def answers(placed, monkeypatch):
    """What kernels of several kinds answer: windows, recursions, and one that calls the C library to clear memory."""
    code = compiler.MachineCode(placed)
    monkeypatch.setattr(machine, "machine_code", lambda: code)
    values = np.random.default_rng(1).normal(size=STARTS[-1])
    asked = (("mean_deviation", (7,)), ("percent_rank", (30,)), ("median", (9,)), ("ema", (5,)))
    return [each.tobytes() for name, settings in asked for each in run_primitive(name, [values], STARTS, settings)]


@only_where_images_are
def test_linked_code_is_the_code_that_llvm_loads(objects, monkeypatch):
    image = linking.link(objects, llvm.C_FUNCTIONS)

    assert answers(PlacedImage(image), monkeypatch) == answers(llvm.PlacedObjects(objects), monkeypatch)


@only_where_images_are
def test_an_image_is_the_same_after_the_way_through_a_file(objects):
    image = linking.link(objects, llvm.C_FUNCTIONS)

    assert Image.from_bytes(image.to_bytes()) == image


def of_another_machine(content):
    return content[:MACHINE_OF_OBJECT] + struct.pack("<H", ARM) + content[MACHINE_OF_OBJECT + 2 :]


def with_another_relocation(content):
    """The first word that is left open becomes one that counts from where it stands."""
    (table,) = struct.unpack_from("<Q", content, 40)
    (count,) = struct.unpack_from("<H", content, 60)
    sections = [linking.Section(*linking.SECTION.unpack_from(content, table + 64 * k)) for k in range(count)]
    place = next(
        each.offset
        for each in sections
        if each.kind == linking.RELOCATIONS and sections[each.info].kind != linking.UNWINDING
    )
    return content[: place + 8] + struct.pack("<I", 2) + content[place + 12 :]


@only_where_images_are
@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (lambda _: b"MZ and so on", "no objects of ELF"),
        (of_another_machine, "no objects of ELF"),
        (with_another_relocation, "a relocation of kind 2"),
    ],
)
def test_what_cannot_be_linked_is_left_to_llvm(objects, harm, why, monkeypatch, caplog):
    caplog.set_level(logging.INFO, logger="barsweep")
    with pytest.raises(linking.UnlinkableError, match=why):
        linking.link([*objects[:-1], harm(objects[-1])], llvm.C_FUNCTIONS)

    monkeypatch.setattr(linking, "BEGINNING", b"nothing begins so")
    kind, *rest = compiler.as_parts(objects)

    assert (kind, rest) == (compiler.OBJECTS, objects)
    assert "LLVM is to load the kernels" in caplog.text
    assert isinstance(compiler.placed_parts([kind, *rest]), llvm.PlacedObjects)


@only_where_images_are
def test_a_function_that_nobody_offers_is_named(objects):
    with pytest.raises(linking.UnlinkableError, match="functions that are not known: memset"):
        linking.link(objects, ["floor"])


@only_where_images_are
def test_memory_that_may_not_run_is_told(objects, monkeypatch):
    monkeypatch.setattr(images, "READ_AND_RUN", -1)

    with pytest.raises(OSError, match="compiled kernels may not run in this process"):
        PlacedImage(linking.link(objects, llvm.C_FUNCTIONS))


@only_where_images_are
def test_a_job_ends_at_once_where_compiled_kernels_may_not_run(monkeypatch, request):
    """Not symbol after symbol, and kernels are not compiled again for each."""
    tries, own = [], compiler.placed_parts
    monkeypatch.setattr(images, "READ_AND_RUN", -1)
    monkeypatch.setattr(compiler, "placed_parts", lambda parts: tries.append(parts) or own(parts))
    compiler._loaded.cache_clear()
    request.addfinalizer(compiler._loaded.cache_clear)
    frame = candles({name: [1, 2, 3] for name in "ABCDE"})

    for asked in (
        lambda: bs.scan("sma(close, 2) > 1", frame),
        lambda: bs.scan("rank(close) > 0", frame),
        lambda: bs.LiveScanner("sma(close, 2) > 1", frame),
    ):
        with pytest.raises(ProcessingEngineError, match=r'may not run in this process.*executor="polars" computes'):
            asked()
    assert bs.scan("sma(close, 2) > 1", frame, executor="polars").matches.height == 10
    assert len(tries) == 1


@only_where_images_are
def test_the_address_of_what_is_not_laid_down_is_not_linked(objects, monkeypatch):
    own = linking._Object.placed

    def without_constants(self):
        return ((number, each) for number, each in own(self) if not each.flags & MERGEABLE)

    monkeypatch.setattr(linking._Object, "placed", without_constants)

    with pytest.raises(linking.UnlinkableError, match="the address of something without bytes"):
        linking.link(objects, llvm.C_FUNCTIONS)


def test_a_function_that_is_not_there_is_a_key_error(objects):
    for placed in (llvm.PlacedObjects(objects), compiler.placed_parts(compiler.as_parts(objects))):
        with pytest.raises(KeyError, match="no such kernel"):
            placed.address("no such kernel")


@only_where_images_are
def test_a_process_that_finds_kernels_does_not_load_llvm(tmp_path):
    code = (
        "import sys, barsweep; from barsweep.formulas.kernels.compiler import machine_code; machine_code()\n"
        "print('llvmlite.binding' in sys.modules)"
    )
    environment = {**os.environ, "BARSWEEP_CACHE": str(tmp_path)}
    told = [subprocess.check_output([sys.executable, "-c", code], text=True, env=environment) for _ in range(2)]

    assert told == ["True\n", "False\n"]


INFO = """processor\t: 0
vendor_id\t: GenuineIntel
cpu family\t: 6
model\t\t: 85
model name\t: Some Xeon
stepping\t: 7
cpu MHz\t\t: {hertz}
flags\t\t: fpu {flags}
power management:

processor\t: 1
flags\t\t: another
"""


@only_where_images_are
def test_a_cpu_is_told_by_what_does_not_change(tmp_path, monkeypatch):
    monkeypatch.setattr(cpu, "TOLD", tmp_path / "cpuinfo")
    told = []
    for hertz, flags in (("2600.1", "avx2"), ("3100.9", "avx2"), ("2600.1", "avx2 avx512f")):
        (tmp_path / "cpuinfo").write_text(INFO.format(hertz=hertz, flags=flags))
        told.append(cpu.told_by_system())

    assert told[0] == told[1] != told[2]
    assert "another" not in told[0]


@pytest.mark.parametrize("content", [None, "", "processor : 0\nvendor_id : somebody\n"])
def test_a_cpu_that_the_system_does_not_tell_is_described_by_llvm(content, tmp_path, monkeypatch):
    monkeypatch.setattr(cpu, "TOLD", tmp_path / "cpuinfo")
    monkeypatch.setenv("BARSWEEP_CACHE", str(tmp_path / "cache"))
    if content is not None:
        (tmp_path / "cpuinfo").write_text(content)

    assert cpu.told_by_system() is None
    monkeypatch.setattr(llvm, "described", lambda: "this one")
    first = kept.path_for_this_cpu()
    monkeypatch.setattr(llvm, "described", lambda: "that one")
    assert first != kept.path_for_this_cpu()


def test_systems_other_than_linux_tell_nothing(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")

    assert cpu.told_by_system() is None
