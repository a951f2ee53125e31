"""What becomes of faulty rows, kind by kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from ..errors import RepositoryError
from .layout import CANDLE_FIELDS

Action = Literal["error", "drop", "undefined", "keep"]
DefectKind = Literal[
    "duplicate_ts", "unsorted", "null", "nan", "infinite", "non_positive", "high_below_low", "close_outside"
]

KINDS: Final[tuple[DefectKind, ...]] = get_args(DefectKind)
ALLOWED: Final = {"duplicate_ts": ("error", "drop", "keep"), "unsorted": ("error", "keep")}

# What a check makes undefined, and what it has to see for that.
COMPARED: Final[Mapping[DefectKind, tuple[frozenset[str], frozenset[str]]]] = {
    "high_below_low": (frozenset({"high", "low"}), frozenset({"high", "low"})),
    "close_outside": (frozenset({"close"}), frozenset({"high", "low", "close"})),
}
SINGLE: Final[tuple[DefectKind, ...]] = ("null", "nan", "infinite", "non_positive")  # each field by itself
REACHING: Final = ("drop", "error")  # they concern the row, not the field alone


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
      the field that others agree on, and rounding does this.

    A value does not depend on what else is read: `companions` says what a check must see beside the columns asked for.
    Where rows are dropped or symbols fail, every field of the candle counts, whichever are asked for; a further column
    of the user's own counts where it is read. Where longer bars are made, the stored ones are checked too, before.

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


def companions(columns: Iterable[str], policy: CandlePolicy, available: Collection[str]) -> tuple[str, ...]:
    """The columns to load so that those asked for are checked alike whatever else is read: they, then the others.

    `available` is what the repository has. A high is wrong where a low is above it, so the low is loaded with it.

    >>> candle = ("open", "high", "low", "close", "volume")
    >>> companions(["high"], CandlePolicy(), candle), companions(["close"], CandlePolicy(), candle)
    (('high', 'low'), ('close',))
    >>> companions(["volume"], CandlePolicy(high_below_low="drop"), candle)
    ('volume', 'high', 'low')
    """
    asked = tuple(dict.fromkeys(columns))
    needed = set[str]()
    for kind, (judged, seen) in COMPARED.items():
        action = policy.action(kind)
        if action in REACHING or (action == "undefined" and judged.intersection(asked)):
            needed |= seen
    if any(policy.action(kind) in REACHING for kind in SINGLE):
        needed |= set(CANDLE_FIELDS)
    return asked + tuple(name for name in CANDLE_FIELDS if name in needed and name in available and name not in asked)
