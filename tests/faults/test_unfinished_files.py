"""Files of results that are not all: they do not look like those that are."""

import polars as pl
import pytest
from fakes import Watched, rising
from faults.hanging import UP

from barsweep import ProcessingEngine, ProcessingJob
from barsweep.engine import controlling, dividing
from barsweep.engine.files import unfinished


@pytest.mark.parametrize("formula", [UP, {"up": UP, "higher": "close > 1"}])
@pytest.mark.parametrize("work", ["run", "evaluate"])
def test_what_a_cancelled_job_has_found_takes_no_older_files_place(formula, work, tmp_path, monkeypatch):
    """It may be whole; half of the matches under its name look like all of them."""
    monkeypatch.setattr(controlling, "GRACE", 20.0)
    monkeypatch.setattr(dividing, "rows_per_batch", lambda *_, **__: 1)
    path, frame, job = tmp_path / "found.parquet", rising(6), ProcessingJob(None, formula)
    getattr(ProcessingEngine(frame), work)(job, output=path)
    before = path.read_bytes()
    repository = Watched(frame, lambda symbols: symbols[0] == "S003" and engine.cancel())
    engine = ProcessingEngine(repository, max_workers=1)

    result = getattr(engine, work)(job, output=path)

    place = result.output if work == "run" else tmp_path / "found.unfinished.parquet"
    assert place == tmp_path / "found.unfinished.parquet"
    assert path.read_bytes() == before
    assert 0 < pl.read_parquet(place)["symbol"].n_unique() < 6
    assert sorted(each.name for each in tmp_path.iterdir()) == ["found.parquet", "found.unfinished.parquet"]


def test_a_job_that_is_cancelled_when_all_is_done_has_a_whole_file(tmp_path):
    path, frame = tmp_path / "found.parquet", rising(6)
    path.write_bytes(b"older")
    engine = ProcessingEngine(frame)

    result = engine.run(ProcessingJob(None, UP), lambda done, all_of: done == all_of and engine.cancel(), output=path)

    assert not result.cancelled
    assert result.output == path
    assert pl.read_parquet(path)["symbol"].n_unique() == 6


def test_what_several_cancelled_jobs_have_found_is_kept(tmp_path):
    """Candles of that name too."""
    path = tmp_path / "found.parquet"
    made = []
    for _ in range(3):
        place = unfinished(path)
        place.write_text("mine")
        made.append(place.name)

    assert made == ["found.unfinished.parquet", "found.unfinished-2.parquet", "found.unfinished-3.parquet"]
