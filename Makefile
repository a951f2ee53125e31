# The commands of the house. Each sets up what it needs: a virtual environment in .venv; outside the
# checkout only compiled kernels and parsed definitions are kept, in the user's cache folder.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test lint types unit clients clusters grammar fuzz conformance docs bench bench-peers soak clean


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
	$(BIN)/coverage run -m pytest --confcutdir=tests --numprocesses auto
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --skip-covered

# Backtesters trade our signals: those that are too heavy for `make test` (vectorbt) have an environment of their own.
clients: bench/.venvs/clients/installed
	bench/.venvs/clients/bin/python -m pytest --confcutdir=tests tests/clients

# Jobs on clusters of Ray and Dask, all of it on this machine; nodes, workers and drivers are killed on the way.
clusters: bench/.venvs/clusters/installed
	bench/.venvs/clusters/bin/python -m pytest --confcutdir=tests tests/engine/clusters

# The parse table of the language, made of its grammar: to be run when formulas/parse/grammar.lark has changed.
grammar: .venv/installed-test
	$(BIN)/python tests/grammar_table.py

# A million hostile texts, by a fuzzer that goes on from those that reach new code; then the few that reach all of it are
# kept for the tests. FUZZ_RUNS=10000 for fewer.
FUZZ_RUNS ?= 1000000
fuzz: bench/.venvs/fuzz/installed
	bench/.venvs/fuzz/bin/python tests/faults/fuzzing.py --runs $(FUZZ_RUNS)
	bench/.venvs/fuzz/bin/python tests/faults/fuzzing.py --keep

# What others compute beside what formulas say here: writes docs/conformance.md and docs/conformance.json.
# The reference values are not part of the checkout: without ../shared there is nothing to compare.
conformance: .venv/installed-test
	@if [ -d ../shared/data/reference ]; then PYTHONPATH=tests $(BIN)/python -m conformance; \
	else echo "no reference values: ../shared/data/reference is missing"; fi

# The documentation as a site, in site/index.html: no network is needed, neither to build nor to read it.
docs: bench/.venvs/docs/installed
	NO_MKDOCS_2_WARNING=1 bench/.venvs/docs/bin/mkdocs build --strict --quiet
	@echo "open site/index.html"

# The speed of this machine: time, rate and memory by number of symbols, threads, how the cost grows, every round saved.
bench: .venv/installed-test bench/.venvs/own/installed
	$(BIN)/python -m bench.scan_scaling
	$(BIN)/python -m bench.threads
	$(BIN)/python -m bench.growing
	$(BIN)/python -m bench.starting
	bench/.venvs/own/bin/python -m pytest bench/test_speed.py --quiet --benchmark-json bench/results/benchmark.json
	$(BIN)/python -m bench.report

# Side by side with other engines, each in an environment of its own: equal results first, then times, in turn.
bench-peers: .venv/installed-test
	$(BIN)/python -m bench.side_by_side
	$(BIN)/python -m bench.live
	$(BIN)/python -m bench.report

# Half an hour of random jobs, faults and cancels, several at once; every result has to be accounted for.
# `make soak SEED=7 MINUTES=1` repeats a short one.
soak: .venv/installed-test
	PYTHONPATH=tests $(BIN)/python -m faults.soak $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))

clean:
	rm -rf .venv bench/.venvs demo site build dist *.egg-info .coverage .coverage.*

# pytest-benchmark has an environment of its own too: beside pytest-xdist it warns, and in tests warnings are errors.
bench/.venvs/own/installed: pyproject.toml
	$(PYTHON) -m venv bench/.venvs/own
	bench/.venvs/own/bin/python -m pip install --quiet --quiet --editable . pytest pytest-benchmark
	touch $@

bench/.venvs/clients/installed: pyproject.toml
	$(PYTHON) -m venv bench/.venvs/clients
	bench/.venvs/clients/bin/python -m pip install --quiet --quiet --editable '.[clients]'
	touch $@

bench/.venvs/fuzz/installed: pyproject.toml
	$(PYTHON) -m venv bench/.venvs/fuzz
	bench/.venvs/fuzz/bin/python -m pip install --quiet --quiet --editable . atheris
	touch $@

bench/.venvs/docs/installed:
	$(PYTHON) -m venv bench/.venvs/docs
	bench/.venvs/docs/bin/python -m pip install --quiet --quiet 'mkdocs>=1.6,<2' 'mkdocs-material>=9.6,<10'
	touch $@

bench/.venvs/clusters/installed: pyproject.toml
	$(PYTHON) -m venv bench/.venvs/clusters
	bench/.venvs/clusters/bin/python -m pip install --quiet --quiet --editable '.[clusters]'
	touch $@

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/installed: .venv/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --quiet --editable .
	touch $@

.venv/installed-test: .venv/installed
	$(BIN)/python -m pip install --quiet --quiet --editable '.[test]'
	touch $@
