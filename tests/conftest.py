"""What all tests share: the real market data beside the checkout, and the plain-Python references."""

import sys
from pathlib import Path

import pytest

# `from references.registry import REFERENCES` works in every test; at the end of the path, so that nothing is hidden.
sys.path.append(str(Path(__file__).parent))

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real candles and of values that others computed; skips where the checkout stands alone."""
    if not SHARED_DATA.is_dir():
        pytest.skip("no ../shared")
    return SHARED_DATA
