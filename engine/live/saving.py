"""A scanner's state in one file: versioned, whole or not there, and refused where it does not fit.

The file is a zip archive: `about.json` says what it was written by and for, `members.arrow` has the symbols, and each
further part is an array or a table of the plan's state. Its parts carry checksums, which are looked at in reading.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from ...data.instants import TS
from ...data.layout import Kind
from ...data.policies import CandlePolicy
from ...errors import ProcessingEngineError
from ...formulas.freezing import frozen
from ...formulas.kernels.kept import digest_of_kernels
from ..files import whole_file
from ..given import as_path
from .beginning import Begun
from .stages import StandingStage
from .standing import StandingPlan
from .waiting import Waiting

FORMAT: Final = 2
ABOUT: Final = "about.json"
MEMBERS: Final = "members.arrow"
WAITING: Final = "waiting.arrow"
KEPT: Final = "kept.arrow"
BEFORE: Final = "before.npy"
STATE: Final = "a scanner's state is a file, such as scanner.state"
TIMES: Final[Mapping[str, pl.DataType | None]] = {"dates": pl.Date(), "instants": TS, "none": None}


@frozen
class State:
    """What a file holds: its parts by name, and what it says of itself."""

    path: Path
    about: Mapping[str, Any]
    parts: Mapping[str, bytes]

    @property
    def columns(self) -> Mapping[str, Kind]:
        """The columns of the candles that formulas were checked by."""
        columns: Mapping[str, Kind] = self.about["columns"]
        return columns

    @property
    def timeframe(self) -> str:
        """The timeframe of the bars."""
        return str(self.about["timeframe"])

    @property
    def zone(self) -> str:
        """The exchange's time zone."""
        return str(self.about["zone"])

    @property
    def policy(self) -> CandlePolicy:
        """What is done with faulty bars."""
        return CandlePolicy(**self.about["policy"])

    def into(self, begun: Begun, waiting: Waiting) -> None:
        """Set a plan without a past to this state. Raises ProcessingEngineError where the plan is another one."""
        if self.about["plan"] != fingerprint(begun):
            hint = "give the formulas and options that it was saved with, or make a new scanner of the history"
            raise ProcessingEngineError(f"{self.path} was saved with other formulas or options: {hint}")
        table = _table(self.parts[MEMBERS])
        places = begun.members.places_of(tuple(table["symbol"]))
        begun.members.last[places] = table["last"].to_numpy()
        begun.reader.ts = TIMES[self.about["ts"]]
        begun.reader.options = dict(self.about["options"])
        waiting.closed = self.about["closed"]
        waiting.bars = _table(self.parts[WAITING]) if WAITING in self.parts else None
        following = begun.following
        if isinstance(following, StandingPlan):
            for number, step in enumerate(following.along):
                step.tiles.seat(places, _array(self.parts[_states(number)]))
            following.before = _array(self.parts[BEFORE])
            return
        following.kept = _table(self.parts[KEPT]) if KEPT in self.parts else None
        following.others = {
            symbol: _table(self.parts[f"other-{number}.arrow"]) for number, symbol in enumerate(self.about["others"])
        }


def write_state(path: str | os.PathLike[str], begun: Begun, waiting: Waiting, note: Mapping[str, Any]) -> None:
    """Write a scanner's state, and a note, aside, and give the file its name when it is whole."""
    target = as_path(path, STATE)
    members, following = begun.members, begun.following
    parts = {MEMBERS: _table_bytes(pl.DataFrame({"symbol": list(members.places), "last": members.last}))}
    if waiting.bars is not None:
        parts[WAITING] = _table_bytes(waiting.bars)
    others: list[str] = []
    if isinstance(following, StandingPlan):
        places = np.arange(len(members.places))
        following.welcome(places)
        parts |= {_states(n): _array_bytes(step.tiles.states(places)) for n, step in enumerate(following.along)}
        parts[BEFORE] = _array_bytes(following.before)
    else:
        others = list(following.others)
        if following.kept is not None:
            parts[KEPT] = _table_bytes(following.kept)
        for number, symbol in enumerate(others):
            parts[f"other-{number}.arrow"] = _table_bytes(following.others[symbol])
    about = {
        "format": FORMAT,
        "plan": fingerprint(begun),
        "columns": dict(begun.columns),
        "ts": next(name for name, kind in TIMES.items() if kind == begun.reader.ts),
        "timeframe": begun.reader.timeframe,
        "zone": following.around.zone,
        "options": dict(begun.reader.options),
        "policy": asdict(begun.reader.policy),
        "closed": waiting.closed,
        "others": others,
        "note": dict(note),
        "sums": {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()},
    }
    with whole_file(target) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, content in {ABOUT: json.dumps(about, indent=1).encode(), **parts}.items():
            archive.writestr(name, content)


def read_state(path: str | os.PathLike[str]) -> State:
    """Read a file that `write_state` wrote. Raises ProcessingEngineError where it is none, or damaged."""
    source = as_path(path, STATE)
    try:
        with zipfile.ZipFile(source) as archive:
            about = json.loads(archive.read(ABOUT))
            if about["format"] != FORMAT:
                raise ProcessingEngineError(f"{source} has format {about['format']}, and {FORMAT} is read here")
            parts = {name: archive.read(name) for name in about["sums"]}
    except FileNotFoundError as error:
        raise ProcessingEngineError(f"there is no file {source}") from error
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise ProcessingEngineError(f"{source} is no saved scanner, or damaged: {error}") from error
    for name, content in parts.items():
        if hashlib.sha256(content).hexdigest() != about["sums"][name]:
            raise ProcessingEngineError(f"{source} is damaged: {name} is not what was written")
    return State(source, about, parts)


def fingerprint(begun: Begun) -> str:
    """Equal for plans whose states mean the same: the kernels, and all that they are asked for."""
    facts = [digest_of_kernels(), repr(sorted(begun.columns.items())), begun.reader.timeframe]
    following = begun.following
    if isinstance(following, StandingPlan):
        facts += [repr(step.program) if isinstance(step, StandingStage) else repr(step) for step in following.steps]
        facts.append(repr(following.around.zone))
    else:
        facts += [repr((name, checked.source)) for name, checked in begun.plan.formulas.items()]
        facts.append(repr((following.around.session, following.around.zone)))
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def _states(number: int) -> str:
    return f"states-{number}.npy"


def _table_bytes(table: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    table.write_ipc(buffer)
    return buffer.getvalue()


def _table(content: bytes) -> pl.DataFrame:
    return pl.read_ipc(io.BytesIO(content))


def _array_bytes(array: np.ndarray[Any, Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _array(content: bytes) -> np.ndarray[Any, Any]:
    found: np.ndarray[Any, Any] = np.load(io.BytesIO(content), allow_pickle=False)
    return found
