# Everything sets itself up: a fresh machine needs Python 3.11, make and a package index. `make` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
export PIP_DISABLE_PIP_VERSION_CHECK := 1

PYTHON ?= $(shell command -v python3.11 || command -v python3)
# PostgreSQL servers that the tests run on: wheel18, wheel16, debian15, zonky13 to zonky18 (tests/support/sources.py)
SERVERS ?= wheel18
# pytest's choice by mark; empty for everything
MARKS ?= not slow
# test processes at once; each has its own servers
WORKERS ?= 2
# more for pytest: make test ARGS="-k splitter -x"
ARGS ?=

DEV := .venv/.stamp
DEMO := .venv-demo/.stamp
UV := .venv-lock/.stamp
RUN := .venv/bin/python -m
PYTEST := $(RUN) pytest -n $(WORKERS) --dist loadgroup

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: demo
demo: $(DEMO) ## five replicas, one killed in the middle, live on this terminal
	.venv-demo/bin/python -m demo $(ARGS)

.PHONY: test
test: $(DEV) ## the tests on one real PostgreSQL (SERVERS=, MARKS=, WORKERS=, ARGS=)
	$(PYTEST) --servers=$(SERVERS) $(if $(MARKS),-m "$(MARKS)") $(ARGS)

.PHONY: test-full
test-full: ## all tests, slow ones too, on three major versions
	$(MAKE) test MARKS= SERVERS=wheel18,wheel16,debian15

.PHONY: test-crash
test-crash: ## only the crash suite
	$(MAKE) test MARKS=crash

.PHONY: test-herd
test-herd: ## only the herd suite, one at a time
	$(MAKE) test MARKS=herd WORKERS=1

.PHONY: test-matrix
test-matrix: ## the tests on PostgreSQL 13 to 18 (needs Maven for the servers)
	$(MAKE) test MARKS="not slow or every_server" \
		SERVERS=zonky18,zonky17,zonky16,zonky15,zonky14,zonky13

CLUSTER = CLUSTER_PROGRAMS=$$($(RUN) tests.support.cluster_build --path) tools/cluster/cluster

.PHONY: cluster-build
cluster-build: $(DEV) ## Kubernetes for the tests, kept in ~/.cache (needs go; twenty minutes the first time)
	$(RUN) tests.support.cluster_build

.PHONY: go-programs
go-programs: $(DEV) ## helm, kustomize, linters and servers for the tests, kept likewise
	$(RUN) tests.support.goprogram

.PHONY: cluster-up
cluster-up: cluster-build ## a cluster of one node in .cluster, to look at (as root)
	$(CLUSTER) up

.PHONY: cluster-down
cluster-down: ## end it, and remove it
	tools/cluster/cluster down

.PHONY: test-cluster
test-cluster: cluster-build ## all scenarios on a cluster of their own; results into docs/kubernetes
	$(MAKE) test MARKS=cluster WORKERS=1 ARGS="--cluster-results=docs/kubernetes/cluster-results.md $(ARGS)"

.PHONY: lint
lint: $(DEV) ## ruff, rules and layout
	$(RUN) ruff check .
	$(RUN) ruff format --check .

.PHONY: types
types: $(DEV) ## mypy, strict
	$(RUN) mypy --strict src

.PHONY: imports
imports: $(DEV) ## the layers of the house, proved
	.venv/bin/lint-imports

.PHONY: format
format: $(DEV) ## rewrite the layout, and repair what ruff can repair
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

.PHONY: bench
bench: $(DEV) ## the benchmarks beside the peers (benchmarks/)
	.venv/bin/python -m benchmarks $(ARGS)

.PHONY: bundle
bundle: $(DEV) ## one folder that runs in any Linux image: build/lockmaster, and dist/ (needs gcc, musl-tools)
	$(RUN) tools.bundle $(ARGS)

.PHONY: image
image: $(DEV) ## the container image as dist/lockmaster-image.tar, without a network and without a daemon
	$(RUN) tools.image $(ARGS)

.PHONY: docs
docs: $(DEV) ## write the parts of docs/ that come from the code
	.venv/bin/python tools/docs/settings.py $(ARGS)
	.venv/bin/python tools/docs/steps.py $(ARGS)
	.venv/bin/python tools/docs/kubernetes.py $(ARGS)
	.venv/bin/python tools/docs/rules.py $(ARGS)

.PHONY: lock
lock: $(UV) ## pin all packages again (ARGS=--upgrade for newer ones)
	.venv-lock/bin/python tools/lock.py $(ARGS)

.PHONY: clean
clean: ## remove what make made (not the downloads of the tests)
	rm -rf .venv .venv-demo .venv-lock .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp lies inside the environment: who removes the one removes the other.
$(DEV): requirements/dev.lock pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --require-hashes -r requirements/dev.lock
	.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(DEMO): requirements/demo.lock pyproject.toml
	$(PYTHON) -m venv .venv-demo
	.venv-demo/bin/python -m pip install --quiet --require-hashes -r requirements/demo.lock
	.venv-demo/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(UV): Makefile
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet uv==0.13.8
	@touch $@
