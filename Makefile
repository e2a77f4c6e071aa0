# What a newcomer needs: make demo, make test. PYTHON=python3.12 chooses the interpreter (3.11 to 3.13).
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
UV ?= uv
STRATEGIES ?= $(shell $(BIN)/python -c "from matching.registry import STRATEGIES; print(*STRATEGIES.built_in)")

.DEFAULT_GOAL := help
.PHONY: help demo test gate baseline lint format bench comparison docs lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

demo: $(VENV)/.demo  ## compare three strategies on a generated city; prints where the report is
	$(BIN)/dispatchlab compare quickstart --strategies nearest,score,batch --seeds 1-5 --out runs/demo

test: $(VENV)/.dev  ## run the tests; those of real cities need DISPATCHLAB_DATA
	$(BIN)/python -m pytest $(PYTEST_ARGS)

gate: $(VENV)/.dev  ## play scenario ci and hold it against baselines/ci.json; a failure is looked at twice
	rm -rf runs/gate
	$(call gate_runs,gate,1 2 3 4 5 6)
	$(GATE_CHECK) || { $(call gate_runs,gate,7 8 9 10 11 12) && $(GATE_CHECK); }

baseline: $(VENV)/.dev  ## make the code as it is the baseline of make gate
	rm -rf runs/baseline
	$(call gate_runs,baseline,1 2 3 4 5 6 7 8 9 10 11 12)
	$(BIN)/dispatchlab gate update --baseline baselines/ci.json runs/baseline

lint: $(VENV)/.dev  ## ruff, mypy --strict, the rooms' arrows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev  ## rewrite the code as ruff would have it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev  ## measure speed, write benchmarks/results.md; NAMES="roads kafka": only these
	$(BIN)/python -m benchmarks.results $(NAMES)

comparison: $(VENV)/.dev  ## play the public MDRP instances with every strategy; rewrite docs/comparison.md
	@for name in $(STRATEGIES); do for prep in perfect restaurant-mean; do \
	  echo "== $$name, $$prep"; $(BIN)/dispatchlab bench mdrp orders/mdrp --strategy $$name --prep $$prep \
	  --preposition $$([ $$name = rolling_horizon ] && echo nearby || echo none) --out "runs/mdrp/$$name-$$prep" --json >/dev/null || exit 1; done; done
	$(BIN)/dispatchlab bench report $(foreach name,$(STRATEGIES),runs/mdrp/$(name)-perfect \
	  runs/mdrp/$(name)-restaurant-mean) --out docs/comparison.md

docs: $(VENV)/.dev  ## rewrite the generated parts of docs/
	$(BIN)/python -m scenarios.reference docs/scenarios.md
	$(BIN)/python tests/docs/cli_reference.py docs/cli.md

lock:  ## resolve the dependencies anew (needs uv)
	$(UV) pip compile pyproject.toml --extra all --extra build $(LOCK_FLAGS) -o requirements/all.txt
	$(UV) pip compile pyproject.toml --extra dev $(LOCK_FLAGS) -o requirements/dev.txt

clean:  ## remove the environment and what tools cached
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# What the gate plays, once per number: 49 orders, two strategies, five seeds, each in half a second of CPU time.
GATE_RUNS := compare ci --strategies score,batch --seeds 1-5 --workers 1 --no-hindsight
GATE_CHECK = $(BIN)/dispatchlab gate --baseline baselines/ci.json $(GATE_ARGS) runs/gate
gate_runs = for i in $(2); do $(BIN)/dispatchlab $(GATE_RUNS) --out "runs/$(1)/$$i" >/dev/null || exit 2; done

# One resolution for Python 3.11 to 3.13 on every platform, hashed, naming no package index.
LOCK_FLAGS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
  --no-annotate --no-emit-package dispatchlab --quiet

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else \
	  "dispatchlab needs Python 3.11 to 3.13, this is %d.%d: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

# hatchling, the build backend, is locked like everything else: nothing unpinned is fetched.
$(VENV)/.demo: requirements/all.txt pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r requirements/all.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	touch $@ $(VENV)/.demo
