"""From a syntax tree to typed nodes, with every fault of meaning told where the user can mend it."""

from .checking import Checked, Tunable, check

__all__ = ["Checked", "Tunable", "check"]
