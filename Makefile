# exonu: `make` sets up an environment in .venv and runs the workflow; `make help` lists the rest.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := run

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
WHERE ?= tests workflow/src/exonu

# What an installation depends on; .venv/installed-* are the stamps of what is in it.
RUN_STAMP := $(VENV)/installed-run
DEV_STAMP := $(VENV)/installed-dev
SLURM_STAMP := $(VENV)/installed-slurm

.PHONY: run
run: $(RUN_STAMP) ## set up and run the workflow (the default)
	$(BIN)/snakemake --cores all

.PHONY: test
test: $(DEV_STAMP) ## set up and run the tests (4 to 6 minutes)
	$(BIN)/python -m pytest -m "not slow" -n auto --dist worksteal $(WHERE)

.PHONY: test-all
test-all: $(DEV_STAMP) ## all tests, the slow ones too
	$(BIN)/python -m pytest -n auto --dist worksteal $(WHERE)

.PHONY: slurm
slurm: $(SLURM_STAMP) ## set up Snakemake's executor for SLURM (docs/howto/cluster.md)

.PHONY: test-slurm
test-slurm: $(DEV_STAMP) $(SLURM_STAMP) ## the smaller demonstration on a one-node SLURM (root; Debian's packages are installed)
	command -v slurmd > /dev/null || apt-get install -y --no-install-recommends \
	  slurmctld slurmd slurm-client munge slurm-wlm-basic-plugins
	$(BIN)/python -m pytest -m slurm -rs tests/workflow/test_slurm.py

.PHONY: check
check: style types ## formatting, lint and types

.PHONY: style
style: $(DEV_STAMP) ## formatting and lint alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

.PHONY: types
types: $(DEV_STAMP) ## types alone
	$(BIN)/mypy

.PHONY: format
format: $(DEV_STAMP) ## format the sources
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

.PHONY: docs
docs: $(DEV_STAMP) ## build the documentation in docs/_build (warnings are errors)
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

.PHONY: bench
bench: $(DEV_STAMP) ## benchmarks and their peers in one table (docs/benchmarks.md)
	$(BIN)/python tests/benchmarks

.PHONY: bench-peers
bench-peers: $(DEV_STAMP) .venv-peers/installed-peers ## benchmarks of inference with jax as a peer (own environment)
	$(BIN)/python tests/benchmarks inference

.venv-peers/installed-peers: envs/peers.txt
	$(BIN)/python -m venv --clear .venv-peers
	.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check -r envs/peers.txt
	touch $@

.PHONY: crosscheck-root
crosscheck-root: .venv-root/installed-root ## compare the inference with ROOT (own environment, 1.4 GB)
	OMP_NUM_THREADS=1 .venv-root/bin/python tests/crosscheck/root_crosscheck.py

.venv-root/installed-root: envs/root.txt envs/requirements.lock
	$(MAKE) VENV=.venv-root .venv-root/installed-run
ifdef UV
	VIRTUAL_ENV=.venv-root $(UV) pip install --quiet --no-deps --require-hashes -r envs/root.txt
else
	.venv-root/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r envs/root.txt
endif
	touch $@

.PHONY: test-pyhf
test-pyhf: ## pyhf's and cabinetry's own tests with exonu as their optimizer (PYHF=a copy of its repository)
	folder=$$(mktemp -d) && trap 'rm -rf "$$folder"' EXIT && \
	  $(MAKE) VENV="$$folder/env" "$$folder/env/installed-dev" && \
	  "$$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r envs/suites.txt && \
	  "$$folder/env/bin/python" tests/crosscheck/plugin_suites.py $(if $(PYHF),--pyhf $(PYHF))

.PHONY: clean
clean: ## remove results
	find results -mindepth 1 ! -name README.md -delete
	rm -rf .snakemake

.PHONY: clean-all
clean-all: clean ## remove results, the environment and all caches
	rm -rf $(VENV) .venv-root .venv-peers .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: lock
lock: ## renew the locks in envs/ (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q \
	  --extra workflow -o envs/requirements.lock
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q \
	  --extra workflow --extra dev -c envs/requirements.lock -o envs/dev.lock
	printf '%s\n' 'snakemake-executor-plugin-slurm>=2.1,<2.7' 'snakemake-executor-plugin-slurm-jobstep>=0.6' | \
	  uv pip compile - --no-deps --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o envs/slurm.txt

.PHONY: help
help: ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

# --- the environment ---------------------------------------------------------------------------------------------
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "exonu needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12" >&2; exit 1; }
	$(CREATE)

ifdef UV
CREATE = $(UV) venv --quiet --python $(PYTHON) $(VENV)
INSTALL = VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --compile-bytecode
else
CREATE = $(PYTHON) -m venv $(VENV)
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
endif

# From a lock with hashes, then the project itself, which has none. pip would compile a file at a time, the packages' own tests
# too; a package may hold a file that does not compile.
define install
$(INSTALL) --require-hashes -r $(1)
$(INSTALL) --no-deps --no-build-isolation -e .
$(BIN)/python -m compileall -qq -j 0 -x '/tests/' $(VENV)/lib workflow/src || true
touch $(2)
endef

$(DEV_STAMP): envs/dev.lock pyproject.toml | $(VENV)/bin/python
	$(call install,envs/dev.lock,$(DEV_STAMP) $(RUN_STAMP))

$(RUN_STAMP): envs/requirements.lock pyproject.toml | $(VENV)/bin/python
	$(call install,envs/requirements.lock,$(RUN_STAMP))

# Without its dependencies: those that it uses are in the lock, and its bound on pandas is for a report that is not made.
$(SLURM_STAMP): envs/slurm.txt | $(RUN_STAMP)
	$(INSTALL) --no-deps --require-hashes -r envs/slurm.txt
	touch $@
