"""From source text to a syntax tree, with every syntax fault told in plain words."""

from .parsing import parse, parse_library

__all__ = ["parse", "parse_library"]
