"""From a syntax tree to typed nodes, with every fault of meaning told where the user can mend it."""

from .checked import Checked, Tunable
from .checking import check

__all__ = ["Checked", "Tunable", "check"]
