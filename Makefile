# Longwave. `make` lists the targets.
#
# Python 3.11 or later and make are all that is needed: the first target that needs it makes
# .venv from requirements.lock, and an install that was interrupted is found out and redone.

PYTHON ?= python3
WORKERS ?= 2
SERVE ?= 1
ARGS ?=
UV ?= uv
COMPILE := --universal --generate-hashes --no-header --python-version 3.11 --quiet
VENV_PYTHON := .venv/bin/python

# Each test process and each model fit has a core of its own; threads inside them only compete.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help environment demo test lint bench docs lock

help:  ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile
	@echo
	@echo '  make demo SERVE=0                   end after the report instead of serving the study'
	@echo '  make demo ARGS="--participants 60"  pass options to longwave demo (or pytest, with test)'
	@echo '  make PYTHON=/path/to/python3.12 ... use another Python (3.11 or later)'

environment:  ## make or update .venv from requirements.lock
	@command -v "$(PYTHON)" >/dev/null || { \
		echo "'$(PYTHON)' was not found. Install Python 3.11 or later, or name one:" \
		     "make PYTHON=/path/to/python3.12 ..." >&2; exit 1; }
	@"$(PYTHON)" .ci/environment.py

demo: environment  ## run a whole trial on virtual participants, analyse it, and serve it
	@.venv/bin/longwave demo $(if $(filter 0 no false,$(SERVE)),--no-serve) $(ARGS)

test: environment  ## run every test; what the machine lacks is skipped with a reason
	@$(VENV_PYTHON) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

lint: environment  ## ruff, mypy --strict and the layer rules
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy
	@.venv/bin/lint-imports

bench: environment  ## measure, each figure as a ratio to a baseline of the same run
	@$(VENV_PYTHON) tests/benchmarks $(ARGS)

docs: environment  ## rewrite crosslag's reference from its docstrings
	@$(VENV_PYTHON) docs/crosslag/make_reference.py

lock:  ## rewrite the two locks from pyproject.toml (needs uv; ARGS=--upgrade)
	@command -v "$(UV)" >/dev/null || { \
		echo "'$(UV)' was not found. Install uv, or name it: make lock UV=/path/to/uv" >&2; exit 1; }
	@"$(UV)" pip compile $(COMPILE) --extra all pyproject.toml -o requirements.lock $(ARGS)
	@"$(UV)" pip compile $(COMPILE) --extra server pyproject.toml deploy/build.in \
		--constraint requirements.lock --no-annotate -o deploy/requirements.lock
	@if grep -nE '://|file:|^-' requirements.lock deploy/requirements.lock; then \
		echo 'A lock names an address or a path; it must not.' >&2; exit 1; fi
