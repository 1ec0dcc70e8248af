# Wartemarke: everything a developer types. Needs make and Python 3.11 or newer; the rest goes into .venv.

PYTHON ?= python3
VENV ?= .venv
UV ?= $(or $(wildcard $(VENV)/bin/uv),uv)
PYTEST_FLAGS ?= -n auto --dist loadfile

BIN := $(VENV)/bin
# Stamps: touched after an install, out of date as soon as a lock or pyproject.toml is newer.
RUN := $(VENV)/.installed-run
DEV := $(VENV)/.installed-dev
INSTALL := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check
NEEDS_PYTHON := import sys; sys.exit(sys.version_info < (3, 11))
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock' $(LOCK_FLAGS)

.PHONY: help try test lint bench chaos soak format clean lock
.DEFAULT_GOAL := help

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

try: $(RUN) ## Start the chat page: be customer, agent and moderator in your browser
	@$(BIN)/wartemarke try

test: $(DEV) ## Run all tests (those in a browser only where Chromium is found)
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

lint: $(DEV) ## Check style, formatting and types (ruff, mypy --strict)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict

bench: $(DEV) ## Measure the speed on this machine, as ratios, and how well waits are told (BENCH_FLAGS=--json for one JSON object a line)
	@$(BIN)/wartemarke bench $(BENCH_FLAGS)
	@$(BIN)/python -m tests.bench.load $(BENCH_FLAGS)
	@$(BIN)/python -m tests.bench.discord_chat $(BENCH_FLAGS)
	@$(BIN)/python -m tests.bench.slack_chat $(BENCH_FLAGS)
	@$(BIN)/python -m tests.bench.year $(BENCH_FLAGS)
	@$(BIN)/python -m tests.bench.waits $(BENCH_FLAGS)

chaos: $(DEV) ## Kill the bot and its database under load, and cut the power, 200 times each; all other faults ten times (an hour)
	@$(BIN)/python -m tests.chaos --kills 200 --database sqlite
	@$(BIN)/python -m tests.chaos --kills 200 --database postgres --workers 2
	@$(BIN)/python -m tests.chaos --kills 0 --cuts 200
	@for time in 1 2 3 4 5 6 7 8 9 10; do $(BIN)/python -m pytest -q tests/faults || exit 1; done

soak: $(DEV) ## Run the bot for an hour under mixed load, and see whether anything grows (SOAK_FLAGS=--minutes=5 for less)
	@$(BIN)/python -m tests.soak --picture docs/pictures/soak.png $(SOAK_FLAGS)

format: $(DEV) ## Put the code into the common form, and mend what ruff can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

clean: ## Remove .venv, caches and builds (not your data)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: ## Pin all dependencies anew (needs uv; LOCK_FLAGS=--upgrade for newer versions)
	@$(UV) --version >/dev/null 2>&1 || { echo "make lock needs uv: install it, or name it with UV=/path/to/uv." >&2; exit 1; }
	$(COMPILE) pyproject.toml requirements/build.in --output-file requirements/run.txt
	$(COMPILE) pyproject.toml requirements/build.in --group dev --constraint requirements/run.txt --output-file requirements/dev.txt

# A venv that is already there is used as it is; one made by uv may lack pip.
$(BIN)/python:
	@$(PYTHON) -c '$(NEEDS_PYTHON)' 2>/dev/null || { found=$$($(PYTHON) --version 2>&1) || found="not found"; \
	echo "Wartemarke needs Python 3.11 or newer, but $(PYTHON) is $$found: name another one, as in \"make PYTHON=python3.12 $(MAKECMDGOALS)\"." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(RUN): $(BIN)/python requirements/run.txt pyproject.toml
	@echo "Installing what Wartemarke needs into $(VENV) ..."
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(INSTALL) --require-hashes -r requirements/run.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUN) requirements/dev.txt
	@echo "Installing the tools for tests and checks into $(VENV) ..."
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@touch $@
