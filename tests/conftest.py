"""What all tests share: the real market data beside the checkout, and the plain-Python references."""

import platform
import sys
from pathlib import Path

import pytest
from hypothesis import settings

from barsweep.formulas.kernels import compiler, llvm, machine

# `from references.registry import REFERENCES` works in every test; at the end of the path, so that nothing is hidden.
sys.path.append(str(Path(__file__).parent))

# How long an example takes says nothing: machines are shared, and several workers test at once.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real candles and of values that others computed; skips where the checkout stands alone."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no ../shared")
    return SHARED_DATA


@pytest.fixture(scope="session")
def plain_code():
    """The kernels for the oldest CPU of this kind, which has neither fused multiply-add nor wide vectors."""
    if platform.machine().lower() not in {"x86_64", "amd64"}:
        pytest.skip("only of one family of CPUs is it known what all of them can do")

    def plain_machine():
        binding = llvm.binding()
        binding.initialize_native_target()
        binding.initialize_native_asmprinter()
        return binding.Target.from_default_triple().create_target_machine(cpu="x86-64", features="", opt=2, jit=True)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(llvm, "target_machine", plain_machine)
        return compiler.MachineCode(compiler.placed_parts(compiler.as_parts(compiler.compile_kernels())))


@pytest.fixture
def on_a_plain_cpu(plain_code, monkeypatch):
    """`on_a_plain_cpu(run)` is what `run()` answers there."""

    def answer(run):
        with monkeypatch.context() as patch:
            patch.setattr(machine, "machine_code", lambda: plain_code)
            return run()

    return answer
