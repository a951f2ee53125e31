import pytest

from barsweep.data import intake


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(intake, "CELLS", 210)
    monkeypatch.setattr(intake, "CELLS_ASIDE", 280)
