"""What becomes of faulty rows, kind by kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from ..errors import RepositoryError

Action = Literal["error", "drop", "undefined", "keep"]
DefectKind = Literal[
    "duplicate_ts", "unsorted", "null", "nan", "infinite", "non_positive", "high_below_low", "close_outside"
]

KINDS: Final[tuple[DefectKind, ...]] = get_args(DefectKind)
ALLOWED: Final = {"duplicate_ts": ("error", "drop", "keep"), "unsorted": ("error", "keep")}


@dataclass(frozen=True, slots=True)
class CandlePolicy:
    """What to do with each kind of faulty row. All of them are counted, whatever is done.

    - `error`: the symbol fails, with the rows named. `drop`: the rows go. `undefined`: the faulty field becomes
      undefined, row and symbol live. `keep`: nothing is done (null, NaN and infinite are undefined even then).
    - `duplicate_ts` (several rows of a symbol with one ts): `error`, because nobody can tell which row is right;
      `drop` keeps the row stored last.
    - `unsorted` (a row stored after a later one): `keep`, the rows are sorted.
    - `null`, `nan`, `infinite` in any column: `undefined`, so that a missing open does not throw the symbol away.
    - `non_positive` (a price <= 0, a volume < 0): `undefined`; 0 is how some vendors write "missing". Spreads and
      back-adjusted futures want `keep`.
    - `high_below_low`: `undefined`, both fields. `close_outside` (close not within [low, high]): `keep`; the close is
      the field that others agree on, and rounding does this. Both look only at columns that were loaded.

    >>> CandlePolicy(duplicate_ts="drop").duplicate_ts
    'drop'
    """

    duplicate_ts: Action = "error"
    unsorted: Action = "keep"
    null: Action = "undefined"
    nan: Action = "undefined"
    infinite: Action = "undefined"
    non_positive: Action = "undefined"
    high_below_low: Action = "undefined"
    close_outside: Action = "keep"

    def __post_init__(self) -> None:
        for kind in KINDS:
            allowed = ALLOWED.get(kind, get_args(Action))
            if self.action(kind) not in allowed:
                raise RepositoryError(f"{kind}={self.action(kind)!r} is no policy: choose one of {', '.join(allowed)}")

    def action(self, kind: DefectKind) -> Action:
        """What to do with rows of that kind."""
        chosen: Action = getattr(self, kind)
        return chosen
