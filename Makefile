# Everything a fresh machine needs: Python 3.11-3.13 and make. `make demo` and `make test` set the rest up themselves.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

BIN := .venv/bin
STAMP := .venv/.gamenight
ARGS ?=
# two processes, a file of tests at a time; numerical libraries that add threads of their own would only queue
PARALLEL := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q --dist loadfile
# the longest files come first, so that no process is left alone with one at the end
LONGEST_FIRST := -n 2 --no-loadscope-reorder
FAST := not slow and not whole
SLOW := slow and not whole and not long
LONG := long and not whole

.PHONY: help env demo test long check bench simulate faults stories clean

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' Makefile

env: $(STAMP)  ## Make the environment in .venv (quick when nothing has changed)

$(STAMP): pyproject.toml constraints.txt .ci/environment
	@PYTHON="$(PYTHON)" .ci/environment
	@touch $@

demo: $(STAMP)  ## The main job from nothing: promotion, rollback and a game night (ARGS="--games FILE")
	@$(BIN)/gamenight demo $(ARGS)

test: $(STAMP)  ## The fast suite, then the slow one with real servers
	@started=$$SECONDS; \
	$(PARALLEL) -n 2 -m "$(FAST)" --durations=5 $(ARGS); \
	between=$$SECONDS; \
	$(PARALLEL) $(LONGEST_FIRST) -m "$(SLOW)" --durations=10 $(ARGS); \
	echo "fast suite $$((between - started)) s, slow suite $$((SECONDS - between)) s"

long: $(STAMP)  ## The slow tests of whole stories and many seasons, which CI runs after `make test`
	@$(PARALLEL) $(LONGEST_FIRST) -m "$(LONG)" --durations=10 $(ARGS)

check: $(STAMP)  ## Style, types and the contracts of the house
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(STAMP)  ## Measure what the documents promise
	@$(BIN)/python -m pytest -q -s tests/benchmarks -o python_files="bench_*.py" $(ARGS)

simulate: $(STAMP)  ## Rebuild the table of the decision rule's error rates
	@$(BIN)/python tests/benchmarks/simulate.py $(ARGS)

faults: $(STAMP)  ## Kill the rollout at every write, the whole set
	@$(BIN)/python -m pytest -q -s tests/faults -m "" $(ARGS)

stories: $(STAMP)  ## The demo's two endings over twenty seeds and on real seasons (half an hour)
	@$(BIN)/python -m pytest -q tests/stories -m whole $(ARGS)

clean:  ## Remove the environment and the state of the embedded stack
	@if [ -x $(BIN)/gamenight ]; then $(BIN)/gamenight down; fi
	@rm -rf .venv .gamenight
