"""Symbols on which a user's function fails leave their batch, which is then computed without them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from ..data.candles import Candles
from .executors.calling import CulpritsError
from .loading import Loaded
from .results import SymbolError

T = TypeVar("T")


def apart_from_culprits(loaded: Loaded, compute: Callable[[Candles], T]) -> tuple[T | None, Loaded]:
    """What `compute` makes of the candles of those symbols on which nothing fails, None where there are none of them.

    The others are errors of what comes back as loaded. A failure that is no symbol's of these is raised.
    """
    while loaded.candles.height:
        try:
            return compute(loaded.candles), loaded
        except CulpritsError as culprits:
            candles, messages = loaded.candles, culprits.messages
            kept = np.array([symbol not in messages for symbol in candles.symbols])
            if kept.all():
                raise
            errors = {name: SymbolError("evaluation", messages[name]) for name in candles.symbols if name in messages}
            loaded = replace(loaded, candles=candles.of_numbers(np.flatnonzero(kept)), errors=loaded.errors | errors)
    return None, loaded
