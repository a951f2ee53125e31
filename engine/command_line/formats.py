"""How matches can be written, and what the name of a file says of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Final

from .misuse import UsageError


class Format(StrEnum):
    """How matches are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


ENDINGS: Final = {".csv": Format.CSV, ".json": Format.JSON, ".parquet": Format.PARQUET, ".txt": Format.TABLE}
"""What the name of a file says of its format."""


def chosen_format(wanted: Format | None, output: Path | None) -> Format:
    """The format asked for, else the one that the file's name tells, else a table; UsageError if it tells none."""
    if wanted is not None:
        return wanted
    ending = output.suffix.lower() if output is not None else ""
    if ending and ending not in ENDINGS:
        *others, last = ENDINGS
        known = f"{', '.join(others)} and {last}"
        raise UsageError(f"--output {output} does not say how to write it: known endings are {known}; or say --format")
    return ENDINGS.get(ending, Format.TABLE)
