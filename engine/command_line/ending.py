"""How a command ends: what went wrong in plain words on standard error, and an exit code that scripts can act on."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from click.exceptions import Exit

from ...errors import BarsweepError, FormulaError, SourceError
from . import INTERRUPTED
from .misuse import UsageError
from .saying import say
from .wording import in_options


class Code(IntEnum):
    """Exit codes of every command."""

    FOUND = 0
    NOTHING_FOUND = 1
    FAULTY_FORMULA = 2
    MISUSE = 2
    DATA_TROUBLE = 3
    INTERRUPTED = INTERRUPTED


@contextmanager
def told_in_words() -> Iterator[None]:
    """Turn errors that a user can mend into their text and an exit code."""
    try:
        yield
    except SourceError as error:
        complain(type(error).__name__, error)
        raise Exit(Code.FAULTY_FORMULA) from None
    except UsageError as error:
        complain("UsageError", error)
        raise Exit(Code.MISUSE) from None
    except BrokenPipeError:
        # whoever read has seen enough; what is left in the buffer must not complain at the end of the process
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Exit(Code.FOUND) from None
    except (BarsweepError, OSError) as error:
        complain(type(error).__name__, error)
        raise Exit(Code.DATA_TROUBLE) from None


def complain(kind: str, error: Exception) -> None:
    """Write an error and its notes."""
    for text in (f"{kind}: {error}", *getattr(error, "__notes__", ())):
        say(text if isinstance(error, FormulaError) else in_options(text))
