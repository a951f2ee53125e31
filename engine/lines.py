"""Every named line of a formula, or every part of it, as a column of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..errors import ProcessingEngineError
from ..formulas import Checked
from ..formulas.check.parts import Parts


def with_lines(formulas: Mapping[str, Checked]) -> dict[str, Checked]:
    """The formulas, and before each its named lines as formulas; of several, the formula's name stands ahead of each.

    Raises ProcessingEngineError where a line has the name of a formula.
    """
    found: dict[str, Checked] = {}
    for name, checked in formulas.items():
        for line, node in checked.lines.items():
            label = line if len(formulas) == 1 else f"{name}.{line}"
            if label in formulas:
                raise ProcessingEngineError(
                    f"the line {line!r} of the formula has a formula's name: rename one of them"
                )
            found[label] = replace(checked, result=node, indicators={}, lines={})
        found[name] = checked
    return found


def with_parts(parts: Parts) -> dict[str, Checked]:
    """Each part of a formula as a formula of its own."""
    return {name: replace(parts.checked, result=node, indicators={}, lines={}) for name, node in parts.columns.items()}
