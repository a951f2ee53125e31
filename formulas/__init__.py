"""The formula language: source text -> parse -> syntax tree -> check -> typed plan -> compile."""

from .checking import Checked, Tunable
from .declaring import Primitive
from .functions import Function, LibraryFunction
from .language import Language
from .planning import Plan, Stage, make_plan
from .programs import Program

__all__ = [
    "Checked",
    "Function",
    "Language",
    "LibraryFunction",
    "Plan",
    "Primitive",
    "Program",
    "Stage",
    "Tunable",
    "make_plan",
]
