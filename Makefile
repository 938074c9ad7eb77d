# Everything that a developer types. `make` alone lists it.

# Tests wait for their stack's processes as often as for the processor: one more process than there are cores.
# Each has a stack of its own, of about 700 MB, so there are six at most.
CORES := $(shell getconf _NPROCESSORS_ONLN)
PROCESSES := $(shell echo $$(($(CORES) < 5 ? $(CORES) + 1 : 6)))
# Three groups of the faults' tests mostly wait, and the model fills the gaps in the processes beyond them.
FAULT_PROCESSES := $(shell echo $$(($(PROCESSES) < 4 ? 4 : $(PROCESSES))))
VENV_PYTHON = .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help run demo flask test faults check format openapi bench venv clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

run: venv ## Run the whole service on this machine (PORT, SANDBOX_PORT, VERBOSE=1)
	@$(VENV_PYTHON) -m dev.run --end-with-parent

demo: venv ## Take a payment end to end, against `make run` or a stack of its own
	@$(VENV_PYTHON) -m dev.demo

flask: venv ## The service's command line, for the running stack (ARGS="keys list")
	@$(VENV_PYTHON) -m dev.cli $(ARGS)

test: venv ## Run all tests (PYTEST_ARGS="tests/dev -x" for some)
	@$(VENV_PYTHON) -m dev.chromium || true
	@$(VENV_PYTHON) -m pytest $(or $(PYTEST_ARGS),-n $(PROCESSES))

faults: venv ## Break everything on purpose, and print what was lost or done twice (ROUNDS=50)
	@FAULT_ROUNDS=$(ROUNDS) $(VENV_PYTHON) -m pytest -q tests/faults $(or $(PYTEST_ARGS),-n $(FAULT_PROCESSES))

check: venv ## Lint, format check, types
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m ruff format --check .
	@$(VENV_PYTHON) -m mypy

format: venv ## Format the code and sort the imports
	@$(VENV_PYTHON) -m ruff check --fix .
	@$(VENV_PYTHON) -m ruff format .

openapi: venv ## Write the API's OpenAPI document to openapi.json
	@$(VENV_PYTHON) -m dev.openapi

bench: venv ## Measure the latencies that the README promises
	@$(VENV_PYTHON) -m dev.bench

venv:
	@sh dev/venv.sh

clean: ## Remove .venv and caches; the data in .local stays
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
