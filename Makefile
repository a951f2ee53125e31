# The commands of the house. Each sets up what it needs: a virtual environment in .venv, nothing outside the checkout.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint types unit bench clean

# Make sample candles (2,500 symbols x 10 years of days) and run a scan over them.
demo: .venv/installed
	$(BIN)/barsweep demo

# Lint, types, tests, documentation examples and coverage.
test: lint types unit

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed-test
	$(BIN)/mypy

unit: .venv/installed-test
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --skip-covered

# The speed of this machine: time, rate and memory by number of symbols.
bench: .venv/installed-test
	$(BIN)/python -m bench.scan_scaling

clean:
	rm -rf .venv demo build dist *.egg-info .coverage .coverage.*

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/installed: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --quiet --editable .
	touch $@

.venv/installed-test: .venv/installed
	$(BIN)/python -m pip install --quiet --quiet --editable '.[test]'
	touch $@
