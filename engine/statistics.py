"""How a job went, in numbers: what `result.statistics` and the log's `job ended` tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, field

from ..formulas.freezing import frozen


@frozen
class JobStatistics:
    """How a job went.

    `symbols` were asked for, `errors` of them failed; `bars` are in the job's range, `loaded` were read for it, and
    `rows` are reported, matches or values. `elapsed` is the job's wall time in seconds, `seconds` what its threads
    spent on each stage, all together: prepare, gather, load, check, compute, rank, split, write, aside, assemble.
    `batches` were cut, `halved` tells how often one was halved since it failed or ran out of time, `retries` how often
    the repository was asked again. `warnings` are those of the formulas. In bytes, `memory` is the most by which the
    process was seen to have grown, of the `memory_limit`, and `put_aside` what went to mapped files.
    """

    symbols: int = 0
    errors: int = 0
    bars: int = 0
    loaded: int = 0
    rows: int = 0
    elapsed: float = 0.0
    seconds: Mapping[str, float] = field(default_factory=dict)
    batches: int = 0
    halved: int = 0
    retries: int = 0
    warnings: tuple[str, ...] = ()
    memory: int = 0
    memory_limit: int = 0
    put_aside: int = 0

    @property
    def fields(self) -> dict[str, object]:
        """Everything by name, in what JSON has: for logs.

        >>> JobStatistics(symbols=2, seconds={"load": 0.25}).fields["seconds"]
        {'load': 0.25}
        """
        return {**asdict(self), "seconds": {stage: round(spent, 6) for stage, spent in self.seconds.items()}}
