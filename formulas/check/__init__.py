"""From a syntax tree to typed nodes, with every fault of meaning told where the user can mend it."""

from .checked import Checked
from .checking import check
from .tunable import Tunable

__all__ = ["Checked", "Tunable", "check"]
