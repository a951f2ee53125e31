import itertools

import duckdb
import pytest

from barsweep.data import DuckDBRepository, ParquetRepository, intake


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(intake, "CELLS", 210)


@pytest.fixture
def database(tmp_path):
    """Write a frame into a DuckDB file and open it; `then` is run before."""
    made = []

    def opened(frame, then="", **options):
        path = tmp_path / f"{len(made)}.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.register("frame", frame.to_arrow())
            connection.execute("create table candles as select * from frame")
            connection.execute(then or "select 1")
        made.append(DuckDBRepository(path, timeframe="1d", **options))
        return made[-1]

    yield opened
    for repository in made:
        repository.close()


@pytest.fixture
def folder(tmp_path):
    """Write a frame into a folder of Parquet files, with small row groups, and open it."""
    numbers = itertools.count()

    def opened(frame, **options):
        path = tmp_path / f"{next(numbers)}"
        path.mkdir()
        for part in range(0, max(frame.height, 1), 70):
            frame.slice(part, 70).write_parquet(path / f"{part:05}.parquet", row_group_size=20)
        return ParquetRepository(path, timeframe="1d", **options)

    return opened


@pytest.fixture(params=["database", "folder"])
def opened(request):
    """Write a frame and open it."""
    return request.getfixturevalue(request.param)
