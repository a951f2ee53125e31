"""What the tests of faults share."""

import threading
import time

import pytest
from faults.hanging import SOON


@pytest.fixture
def assert_nothing_runs():
    """Wait until all threads of jobs and batches that the test has begun have come to their end."""
    before = set(threading.enumerate())

    def wait():
        end = time.monotonic() + SOON
        while left := [each for each in set(threading.enumerate()) - before if each.name.startswith("barsweep")]:
            assert time.monotonic() < end, left
            time.sleep(0.01)

    return wait
