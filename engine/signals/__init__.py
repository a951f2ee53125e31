"""Signals for backtesters: true or false at every bar, aligned, with the positions that follow from them."""

from .asking import Asked
from .table import Signals

__all__ = ["Asked", "Signals"]
