"""An order: a batch written down, with all that decides what comes of it; its hash names the result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from ...data.describing import describe
from ...data.repository import CandleRepository
from ...errors import ProcessingEngineError
from ...formulas.freezing import frozen
from ..jobs import ProcessingJob
from ..other_tables import OtherTable
from ..service import FormulaService
from .job_texts import job_as_json

LIBRARY: Final = Path(__file__).parents[2] / "formulas"


@cache
def code_version() -> str:
    """Equal where the same order has the same result: the version, and what formulas are made of."""
    digest = hashlib.sha256(version("barsweep").encode())
    for source in sorted([*LIBRARY.rglob("*.py"), *LIBRARY.rglob("*.formula")]):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


@frozen
class Order:
    """`content` is JSON: code, job, candles, symbols, and for a round of a plan with rankings what it reads."""

    content: Mapping[str, Any]

    @classmethod
    def of(
        cls,
        job: ProcessingJob,
        repository: CandleRepository,
        service: object,
        tables: Mapping[str, OtherTable],
        *,
        everything: bool,
    ) -> Order:
        """An order for no symbols yet.

        Raises RepositoryError or ProcessingEngineError for what only this process has.
        """
        if not isinstance(service, FormulaService) or service.python_functions:
            which = ", ".join(getattr(service, "python_functions", ())) or type(service).__name__
            raise ProcessingEngineError(f"{which}: functions in Python are in this process alone, no code is sent")
        for name, table in tables.items():
            if not isinstance(table.source, str | Path):
                raise ProcessingEngineError(f"the table {name!r} is in this process alone: give the path of a file")
        content = {
            "code": code_version(),
            "job": job_as_json(job),
            "everything": everything,
            "candles": describe(repository),
            "seen": [_fingerprint(each) for each in (repository, *(table.repository for table in tables.values()))],
            "libraries": service.library_texts,
            "tables": {name: str(Path(str(table.source)).expanduser().resolve()) for name, table in tables.items()},
        }
        return cls(content)

    def for_symbols(self, symbols: Sequence[str], **further: Any) -> Order:
        """The order for these."""
        return replace(self, content={**self.content, "symbols": list(symbols), **further})

    @property
    def text(self) -> str:
        """The order as JSON."""
        return json.dumps(self.content, sort_keys=True)

    @property
    def name(self) -> str:
        """Its hash."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:32]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Those that it is for."""
        return tuple(self.content["symbols"])


def _fingerprint(repository: CandleRepository) -> str:
    """Something that changes when the candles do, so that results of older ones are not taken for theirs."""
    return repr(getattr(repository, "fingerprint", lambda: None)())
