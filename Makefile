# The daily commands. A fresh machine needs Python 3.11 or newer and GNU make; `make test` also uses Node for the real clients.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# The tests start Python a few hundred times, and pytest rewrites what it imports: let what was compiled be kept.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help serve test lint format typecheck bench docs check clean

help: ## Show these commands
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make-emulator needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint requirements/dev.txt --editable . --group dev
	@touch $@

serve: $(STAMP) ## Serve the emulator on http://127.0.0.1:4747/api/v2 (flags: make serve ARGS=--no-rate-limit)
	@$(BIN)/make-emulator serve $(ARGS)

test: $(STAMP) tests/e2e/node_modules ## Run every test, those with real clients included
	$(BIN)/python -m pytest -n auto

tests/e2e/node_modules: tests/e2e/package.json tests/e2e/package-lock.json
	@if command -v npm >/dev/null; then cd tests/e2e && npm ci --silent --no-audit --no-fund && touch node_modules; \
	else echo "npm is not installed: the tests with clients from npm will be skipped"; fi

lint: $(STAMP) ## Check style and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

format: $(STAMP) ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

typecheck: $(STAMP) ## Check the types
	$(BIN)/mypy

bench: $(STAMP) ## Measure, against a bare Flask route in the same run
	$(BIN)/python -m benchmarks

docs: $(STAMP) ## Write docs/reference and FIDELITY.md from the code
	$(BIN)/python docs/generate.py
	$(BIN)/python -m tools.update_fidelity

check: lint typecheck test ## All that CI runs

clean: ## Remove what these commands made
	rm -rf $(VENV) tests/e2e/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
