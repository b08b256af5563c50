# mystage: `make` lists the targets. Each sets up what it needs by itself.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
# A uv on the PATH is used as it is; without one, uv lives in a folder of its own.
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := $(UV) run --locked --no-sync
STAMP := .venv/.mystage-synced

export UV_PYTHON_DOWNLOADS ?= automatic

.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.uv/bin/uv:
	@echo "No uv on this machine: installing it into .uv/" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mystage needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Set PYTHON=/path/to/python3.11.")'
	@$(PYTHON) -m venv .uv
	@.uv/bin/python -m pip install --quiet --disable-pip-version-check uv

$(STAMP): pyproject.toml uv.lock $(filter .uv/bin/uv,$(UV))
	@$(UV) sync --quiet --locked --all-extras
	@touch $@

.PHONY: setup
setup: $(STAMP) ## Install everything into .venv

.PHONY: demo
demo: $(STAMP) ## Run the pipeline over sample pages, start to finish
	@$(RUN) python -m functions.demo

.PHONY: test
test: $(STAMP) ## Lint code and dashboards, type-check, run the tests of both
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@$(RUN) mypy
	@$(RUN) mystage check
	@$(RUN) mystage test --min-coverage 100
	@$(RUN) pytest -n auto

# What tests/browser/conftest.py looks for.
BROWSERS := chromium chromium-browser google-chrome
ROOT := $(if $(filter-out 0,$(shell id -u)),sudo)

.PHONY: browser
browser: ## Install Chromium, by which the tests of pages see them (Debian and Ubuntu)
	@for each in $(BROWSERS); do command -v $$each >/dev/null && exit; done; \
	 echo "No browser on this machine: installing Chromium" >&2; \
	 $(ROOT) apt-get update --quiet=2 && $(ROOT) apt-get install --quiet=2 --yes --no-install-recommends chromium fonts-liberation >/dev/null

.PHONY: fix
fix: $(STAMP) ## Format the code and apply safe lint fixes
	@$(RUN) ruff check --fix
	@$(RUN) ruff format

.PHONY: bench
bench: $(STAMP) ## Run the benchmarks; each prints JSON
	@for each in benchmarks/bench_*.py; do echo "== $$each" >&2; $(RUN) python $$each || exit 1; done

.PHONY: lock
lock: $(filter .uv/bin/uv,$(UV)) ## Resolve the dependencies anew into uv.lock
	@$(UV) lock

.PHONY: clean
clean: ## Remove what the other targets made
	rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .hypothesis .mystage build dist
