"""Sweep formulas over every bar of every symbol."""
