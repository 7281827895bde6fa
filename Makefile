# Needs Python 3.11 or newer and make; everything else goes into .venv, checked against its hash.

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-print-directory

VENV   := .venv
BIN    := $(VENV)/bin
CACHE  := $(CURDIR)/.cache
# Passed on: make demo ARGS=--once, make test ARGS="-k join -x", make bench ARGS=...
ARGS   ?=
# The interpreter that .venv is made from; without it the first that is new enough.
PYTHON ?=

# One cache folder per mode and per state of the kernels: kernels/_jit.py keeps old entries from being
# used, this keeps them from piling up.
KERNELS = $(shell cat kernels/*.py 2>/dev/null | cksum | cut -d ' ' -f 1)
JIT     = NUMBA_CACHE_DIR="$(CACHE)/numba/jit/$(KERNELS)"
CHECKED = NUMBA_CACHE_DIR="$(CACHE)/numba/boundscheck/$(KERNELS)" NUMBA_BOUNDSCHECK=1
PLAIN   = NUMBA_CACHE_DIR="$(CACHE)/numba/none" NUMBA_DISABLE_JIT=1

PIP    = $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input
PYTEST = $(BIN)/python -m pytest --quiet

.PHONY: help demo test test-real bench district lint format docs lock upgrade clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.stamp-run ## everything on this machine, on recorded voltage (ARGS=--once: stop after the table)
	@echo "== demo: embedded broker and database, recorded voltage, the table"
	@$(JIT) $(BIN)/voltpass demo $(ARGS)

# Half of the tests wait for something, so there are more workers than cores. A module's tests stay with one
# worker, which has a broker and a database of its own. The kernels are compiled before: one process writes
# their cache. Not compiled at all they run beside; with bounds checks beside the real suite.
WORKERS = -n 3 --dist loadscope
# The same with the real servers, two of each kind; what may take longest begins first (tests/conftest.py).
REAL_WORKERS = -n 2 --dist loadscope --no-loadscope-reorder
OTHER_MODES = $(CACHE)/other-modes.log
TEMPORARY = $${TMPDIR:-$$(tests/roomy_folder.sh)}

test: $(VENV)/.stamp-dev ## the suite with embedded parts; the kernels compiled, and not compiled
	@echo "== test: everything, kernels compiled; beside it the kernels not compiled"
	@mkdir -p "$(CACHE)"; where=$(TEMPORARY); export TMPDIR="$${where:-/tmp}"; \
	$(PLAIN) $(PYTEST) tests/kernels $(ARGS) > "$(OTHER_MODES)" 2>&1 & others=$$!; \
	$(JIT) $(BIN)/python -m kernels && $(JIT) $(PYTEST) $(WORKERS) -m "not real and not slow" $(ARGS); status=$$?; \
	wait $$others; others=$$?; \
	echo "== test: the kernels, not compiled"; cat "$(OTHER_MODES)"; \
	test $$status -eq 0 && test $$others -eq 0

test-real: $(VENV)/.stamp-dev ## the integration suite against Apache Kafka and TimescaleDB, what is slow, the kernels with bounds checks
	@echo "== test-real: provision Apache Kafka and TimescaleDB, then the integration suite; beside it the kernels with bounds checks"
	@mkdir -p "$(CACHE)"; where=$$(tests/real/provision.sh) && eval "$$where" && $(BIN)/python -m tests.real.servers && \
	{ $(CHECKED) $(PYTEST) tests/kernels > "$(OTHER_MODES)" 2>&1 & others=$$!; \
	$(JIT) $(BIN)/python -m kernels && \
	$(JIT) TEST_BACKENDS=real $(BIN)/python -m pytest $(REAL_WORKERS) -m "integration or real or slow" $(ARGS); status=$$?; \
	wait $$others; others=$$?; \
	echo "== test-real: the kernels with bounds checks"; cat "$(OTHER_MODES)"; \
	test $$status -eq 0 && test $$others -eq 0; }

bench: $(VENV)/.stamp-dev ## how fast everything is here, into docs/performance.md (ARGS="fold consume": some of it)
	@echo "== bench: against floors and peers, on Apache Kafka and TimescaleDB; docs/performance.md"
	@tests/real/provision.sh > /dev/null && $(JIT) $(BIN)/python -m tests.bench $(ARGS)

district: $(VENV)/.stamp-dev ## a simulated district against its truth (ARGS="--seed 7 --meters 2000 --feeders 6 --days 7")
	@echo "== district: simulate it, run it through Apache Kafka and TimescaleDB, print the scorecard"
	@where=$$(tests/real/provision.sh) && eval "$$where" && $(JIT) $(BIN)/python -m kernels && \
	$(JIT) $(BIN)/python -m tests.district --real $(ARGS)

lint: $(VENV)/.stamp-dev ## format, lint, types, import contracts, module length
	@echo "== lint: format, lint, types, import contracts, module length"
	@$(BIN)/ruff format --quiet --check . || { $(BIN)/ruff format --check .; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@report=$$($(BIN)/lint-imports --cache-dir .cache/import-linter 2>&1) || { echo "$$report"; exit 1; }
	@find service kernels -name '*.py' -exec awk \
	    'FNR == 301 { print FILENAME ": more than 300 lines"; long = 1 } END { exit long }' {} +

format: $(VENV)/.stamp-dev ## format the code and apply the safe fixes
	@echo "== format"
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix-only .

docs: $(VENV)/.stamp-dev ## write the pages that are made from data: docs/rules.md, docs/sizing.md, docs/performance.md
	@echo "== docs: docs/rules.md, docs/sizing.md, docs/performance.md"
	@$(BIN)/python -m tests.bench.page
	@$(BIN)/python -m service.offline.rule_pages > docs/rules.md.new && mv docs/rules.md.new docs/rules.md
	@$(BIN)/python -m service.offline.sizing_page > docs/sizing.md.new && mv docs/sizing.md.new docs/sizing.md

# Both locks are solved together (the second is held to the first), for every platform.
COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
    --generate-hashes --no-annotate --custom-compile-command "make lock" \
    --extra demo --group build $(UPGRADE)

lock: $(VENV)/.stamp-dev ## write the locks again after a change of the dependencies
	@echo "== lock: requirements-dev.txt, requirements.txt"
	@env -u UV_FIND_LINKS -u PIP_FIND_LINKS $(COMPILE) --group dev --output-file requirements-dev.txt
	@env -u UV_FIND_LINKS -u PIP_FIND_LINKS $(COMPILE) --constraint requirements-dev.txt --output-file requirements.txt

upgrade: UPGRADE = --upgrade
upgrade: lock ## the same with the newest versions allowed

# .cache/real stays: test-real keeps its broker and database there, and a bootstrapped root may be mounted.
clean: ## remove the environment, caches and build products
	@echo "== clean"
	@rm -rf $(VENV) .hypothesis .pytest_cache .import_linter_cache build dist \
	    .cache/numba .cache/mypy .cache/ruff .cache/pytest .cache/import-linter
	@find service kernels migrations tests -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# ------------------------------------------------------------------------------- the environment
# One environment, two depths: what runs (demo) and what develops. Their locks agree in every
# version they share, so the second adds to the first.

$(VENV)/.stamp-run: requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "== environment: what runs, from requirements.txt"
	@$(PIP) install --require-hashes --only-binary :all: -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.stamp-dev: requirements-dev.txt requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "== environment: what develops, from requirements-dev.txt"
	@$(PIP) install --require-hashes --only-binary :all: -r requirements-dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $(VENV)/.stamp-run $@

$(VENV)/bin/python:
	@for python in $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python); do \
	    "$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null || continue; \
	    if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	        echo "$$python cannot make an environment, its ensurepip is missing (Debian, Ubuntu: apt install python3-venv)." >&2; \
	        exit 1; \
	    fi; \
	    echo "== environment: $(VENV), from $$("$$python" --version)"; \
	    "$$python" -m venv --clear $(VENV) && exit 0; \
	    rm -rf $(VENV); \
	    exit 1; \
	done; \
	found=$$($(or $(PYTHON),python3) --version 2>/dev/null || echo "not there"); \
	echo "Voltpass needs Python 3.11 to 3.14; $(or $(PYTHON),python3) is: $$found. Name another: make PYTHON=/path/to/python" >&2; \
	exit 1
