"""Why a formula is true on a bar, or is not: the values of its parts, and the symbols that lack a single condition."""
