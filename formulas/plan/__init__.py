"""From checked formulas to stages of programs that an executor can run."""

from .planning import Plan, Stage, make_plan
from .programs import Program

__all__ = ["Plan", "Program", "Stage", "make_plan"]
