"""What was presumably meant by the name of a function that there is not."""

from __future__ import annotations

from collections.abc import Mapping

from ..functions import Functions
from ..libraries import LibraryFunction
from .foreign import hint_for_foreign
from .naming import SPECIAL_FORMS, shortened, suggestion


def hint_for_function(name: str, functions: Functions, definitions: Mapping[str, LibraryFunction]) -> str:
    """What to write instead: another language's word in ours, the library that knows it, or the nearest name."""
    return hint_for_foreign(name) or _in_libraries(name, functions) or _nearest(name, functions, definitions)


def as_called(signature: str, library: str, written: str) -> str:
    """A signature, or a hint with one, without the library's name where the call was written without it."""
    return signature.replace(f"{library}.", "", 1) if library and "." not in written else signature


def _in_libraries(name: str, functions: Functions) -> str:
    """Which library knows a function that has no plain name, or which libraries there are."""
    library, dot, own = name.rpartition(".")
    if dot and library not in functions.libraries:
        return f"there is no library {shortened(library)!r}; there are {', '.join(sorted(functions.libraries))}"
    found = [] if dot else [f"{each}.{own}" for each in functions.libraries if f"{each}.{own}" in functions]
    return f"write {functions[found[0]].signature}" if found else ""


def _nearest(name: str, functions: Functions, definitions: Mapping[str, LibraryFunction]) -> str:
    library = name.rpartition(".")[0]
    known = functions.libraries[library] if library else [*functions.plain, *definitions, *SPECIAL_FORMS]
    nearest = suggestion(name, known)
    if not nearest:
        return f"`{' '.join(filter(None, ['barsweep functions', library]))}` lists them all"
    function = definitions.get(nearest) or functions.get(nearest)
    return f"did you mean {function.signature if function else SPECIAL_FORMS[nearest]}?"
