"""How large a formula may be: every bound in one place.

A formula may come from a stranger, so that whatever it says is told, refused or computed in a time and a memory that
these numbers bound. They are far above what people write: the longest formula of "101 Formulaic Alphas" makes some 60
operations. docs/language.md lists them for users, and tests/faults/test_untrusted_formulas.py tries each at its bound
and one above.
"""

from __future__ import annotations

from typing import Final

LONGEST_TEXT: Final = 100_000
"""Characters of a formula, and of a file of functions."""

DEEPEST_NESTING: Final = 200
"""Levels of brackets, operators and calls within each other in the text."""

MOST_PROBLEMS: Final = 50
"""Faults that one error tells, and warnings of one formula."""

DEEPEST_CALLS: Final = 40
"""Functions written in the language that call each other."""

MOST_STEPS: Final = 100_000
"""Expressions that are read while functions are written out: each `def` may call another one twice."""

MOST_NAMES_OF_A_FUNCTION: Final = 100
"""Parameters of a `def`, and outputs of one."""

MOST_OPERATIONS: Final = 10_000
"""Different operations, constants and columns that a formula comes to."""

DEEPEST_PLAN: Final = 500
"""Operations that stand on each other, each reading the one below."""

LONGEST_WINDOW: Final = 100_000
"""Bars of a window, and bars back."""

LONGEST_WINDOWS: Final = 2_000_000
"""Bars of all the windows of a formula together: compiled kernels keep so many rows of sixteen symbols."""

MOST_VALUES: Final = 1_000
"""Values that a formula reports: names, and calls of indicators."""

MOST_LOOKS: Final = 500
"""Evaluations on other rows: timeframe(), symbol(), table() and bars_where()."""

DEEPEST_FORMS: Final = 100
"""Those forms, and column(), within each other, which take much of Python's stack, to be checked and to be computed."""

MOST_UNITS: Final = 9_999
"""Minutes, hours, days, weeks, months, quarters or years of another timeframe, and of a stretch of time."""

MOST_BARS_IN_ONE: Final = 100_000_000
"""Bars of the data in one bar of another timeframe, which the engine compares: the language knows no candles."""

MOST_SYMBOLS: Final = 50
"""Other symbols that a formula reads by symbol()."""

MOST_POINTS: Final = 10_000
"""Points of a sweep: more formulas than that make no plan that anybody waits for."""
