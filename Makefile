# The daily commands. A fresh machine needs Python 3.11 or newer and GNU make; `make test` also uses Node for the real clients.
# If uv is installed, it creates the environment (and fetches a Python if there is none); otherwise venv and pip do.
VENV := .venv
BIN := $(VENV)/bin
# What is installed in the environment: the run-time dependencies, or those of development too.
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
MCP := $(VENV)/mcp-1/.installed $(VENV)/mcp-2/.installed

UV := $(shell command -v uv 2>/dev/null)
ifdef UV
PYTHON ?= >=3.11
CREATE_VENV = uv venv --quiet --allow-existing --python "$(PYTHON)" $(VENV)
INSTALL = uv pip install --quiet --python $(BIN)/python
else
PYTHON ?= python3
CREATE_VENV = $(PYTHON) -m venv $(VENV)
# Compiled on first use: most files of the libraries never are.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
endif

# The tests start Python a few hundred times, and pytest rewrites what it imports: keep the compiled files.
unexport PYTHONDONTWRITEBYTECODE

# The studio is built again by a test, where npm is installed.
STUDIO := $(if $(shell command -v npm),studio/node_modules)

.DEFAULT_GOAL := help
.PHONY: help serve test test-slow test-conformance lint format typecheck bench soak docs screenshots site studio lock check clean

help: ## Show these commands
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(BIN)/python:
ifndef UV
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make-emulator needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
endif
	@echo "Creating the environment $(VENV) ..."
	@$(CREATE_VENV)

$(RUNTIME): requirements/runtime.txt pyproject.toml | $(BIN)/python
	@echo "Installing the run-time dependencies into $(VENV) with $(if $(UV),uv,pip): about 30 packages, 60 MB ..."
	@$(INSTALL) --require-hashes --requirement requirements/runtime.txt
	@echo "Installing make-emulator itself, as a link to this folder ..."
	@$(INSTALL) --no-deps --editable .
	@touch $@

$(DEV): requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing the development dependencies into $(VENV) with $(if $(UV),uv,pip): about 140 packages, a minute the first time ..."
	@$(INSTALL) --require-hashes --requirement requirements/dev.txt
	@echo "Installing make-emulator itself, as a link to this folder ..."
	@$(INSTALL) --no-deps --editable .
	@touch $(RUNTIME) $@

serve: $(RUNTIME) ## Serve the emulator on http://127.0.0.1:4747/api/v2 (flags: make serve ARGS=--no-rate-limit)
	@$(BIN)/make-emulator serve $(ARGS)

# A process without tests takes half of those that another one has left: the ones that last seconds lie close together.
test: $(DEV) $(MCP) tests/e2e/node_modules node/node_modules $(STUDIO) ## Run every test, those with real clients included
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

test-slow: $(DEV) $(MCP) tests/e2e/node_modules node/node_modules $(STUDIO) ## Run every test as on a machine that is 50 times slower
	MAKE_EMULATOR_TEST_SLOW=$$(date +%s)000000000 PYTHONPATH=$(CURDIR)/tests/helpers/slow_machine $(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

test-conformance: $(DEV) ## Run the conformance suite of MCP, and its inspector, against the MCP server; needs npm
	cd tests/e2e/conformance && npm install --silent --no-save --no-audit --no-fund
	$(BIN)/python -m pytest tests/e2e/conformance $(ARGS)

# Two generations of the MCP client for Python, which one environment cannot hold.
$(MCP): $(VENV)/%/.installed: requirements/%.txt | $(DEV)
	@echo "Installing the MCP client of $< into $(@D) ..."
	@$(INSTALL) --target $(@D) --upgrade --require-hashes --requirement $<
	@touch $@

tests/e2e/node_modules: tests/e2e/package.json tests/e2e/package-lock.json
	@if command -v npm >/dev/null; then echo "Installing the clients from npm into $@ ..."; \
	cd tests/e2e && npm ci --silent --no-audit --no-fund && touch node_modules; \
	else echo "npm is not installed: the tests with clients from npm are skipped"; fi

studio: studio/node_modules ## Build the script of the studio, which is part of the package; needs npm
	cd studio && npm run --silent check && npm run --silent build

studio/node_modules: studio/package.json studio/package-lock.json
	cd studio && npm ci --silent --no-audit --no-fund && touch node_modules

# The tests build the npm package from a copy, and install it as its users do.
node/node_modules: node/package.json node/package-lock.json
	@if command -v npm >/dev/null; then echo "Installing the tools of the npm package into $@ ..."; \
	cd node && npm ci --silent --no-audit --no-fund && touch node_modules; \
	else echo "npm is not installed: the tests of the npm package are skipped"; fi

lint: $(DEV) ## Check style and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

format: $(DEV) ## Format the code and fix what can be fixed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

typecheck: $(DEV) ## Check the types
	$(BIN)/mypy

bench: $(DEV) ## Benchmark against a bare Flask route in the same run
	$(BIN)/python -m benchmarks

soak: $(DEV) ## Load one server for ten minutes, and look at its memory and threads
	$(BIN)/python -m benchmarks.soak $(ARGS)

docs: $(DEV) ## Write docs/reference, FIDELITY.md, drawings and prepared fixtures from the code
	$(BIN)/python -m tools.record_responses
	$(BIN)/python docs/generate.py
	$(BIN)/python -m tools.draw_documentation
	$(BIN)/python -m tools.update_fidelity
	$(BIN)/python -m tools.prepare_fixtures

screenshots: $(DEV) ## Take the screenshots of the documentation again; needs Chromium
	$(BIN)/python -m tools.take_screenshots

site: $(DEV) ## Build the documentation site in build/site; make site ARGS=serve shows it while you write
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs $(or $(ARGS),build --strict)

# Versions that are locked already are kept; make lock ARGS=--upgrade takes the newest ones. Needs uv.
lock: ## Lock the dependencies with their hashes, in requirements/
	uv pip compile pyproject.toml --extra functions $(LOCK) --output-file requirements/runtime.txt $(ARGS)
	uv pip compile pyproject.toml --all-extras --group dev --constraint requirements/runtime.txt $(LOCK) --output-file requirements/dev.txt $(ARGS)
	echo "mcp>=1,<2" | uv pip compile - $(LOCK) --output-file requirements/mcp-1.txt $(ARGS)
	echo "mcp>=2,<3" | uv pip compile - $(LOCK) --output-file requirements/mcp-2.txt $(ARGS)
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-strip-extras --custom-compile-command "make lock"

check: lint typecheck test ## All that CI runs

clean: ## Remove what these commands made
	rm -rf .venv* studio/node_modules node/node_modules node/dist node/LICENSE tests/e2e/node_modules tests/e2e/conformance/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
