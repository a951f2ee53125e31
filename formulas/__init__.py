"""The formula language: source text -> parse -> syntax tree -> check -> typed plan -> compile."""

from .check import Checked, Tunable
from .declaring import Primitive
from .functions import Function
from .language import Language
from .libraries import LibraryFunction
from .plan import Plan, Program, Stage, make_plan

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
