"""From a syntax tree to typed nodes, with every fault of meaning told where the user can mend it."""

from .checking import Checked, check
from .tunable import Tunable

__all__ = ["Checked", "Tunable", "check"]
