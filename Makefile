# Everything starts here, from a clean clone with Python 3.11+ and make: each target sets up what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The folder that `make demo` writes in.
DEMO ?= demo
# Two workers on two cores: a third makes each test longer, and the whole no shorter.
WORKERS ?= 2

.PHONY: help setup demo test lint lint-python lint-types format regles slow spark moteurs audit clean
.DEFAULT_GOAL := help

help: ## Lists the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.installe ## Installs the pinned dependencies in .venv

# The stamp is newer than the lock files when what they say is installed.
$(VENV)/.installe: requirements-dev.lock requirements-bootstrap.lock pyproject.toml
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh .ci/installer
	@touch $@

demo: setup ## Synthetic sources, warehouse, five bilans, headline figures
	@$(BIN)/observatoire demo --dir $(DEMO)

# Types and SQL take forty seconds each the first time: side by side.
lint: setup ## Style, types, layers, dependencies
	@$(MAKE) --no-print-directory -j $(WORKERS) lint-python lint-types $(SQL_LU)

lint-python: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/deptry .

lint-types: setup
	@$(BIN)/mypy

# What a model renders to depends on all of these; a folder is newer when one of its files went away.
SQL_LU := $(VENV)/.sql-lu
SQL := $(shell find dbt_project/models dbt_project/macros) \
	$(wildcard dbt_project/sqlfluff_dbt/*.py) dbt_project/.sqlfluff dbt_project/dbt_project.yml

$(SQL_LU): $(SQL) $(VENV)/.installe
	@$(BIN)/sqlfluff lint --disable-progress-bar --processes 2 dbt_project/models
	@touch $@

# A file of tests stays on one worker, which builds its warehouse once. What pytest makes of each file is kept for the next
# run, and for the other worker, even where Python is told to keep nothing (PYTHONDONTWRITEBYTECODE).
test: lint ## Lint, then every test but the slow ones
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -m "not slow" -n $(WORKERS) --dist loadscope --no-loadscope-reorder

slow: setup ## The long proofs: kill -9, reproducibility, national volume
	@$(BIN)/pytest -m slow

audit: setup ## Known vulnerabilities of the pinned dependencies (needs the network)
	@$(BIN)/pip-audit --require-hashes --disable-pip -r requirements-deploiement.lock

spark: setup ## Installs Spark too (500 MB, needs Java 17): the tests then compare its tables with DuckDB's
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-spark.lock

moteurs: spark ## The proof that Spark gives the tables of DuckDB, on one territory and on five
	@$(BIN)/pytest tests/moteurs

# Read from the project alone: no warehouse is opened, and the page asks nothing of the network.
regles: setup ## The rules of calculation, their columns and their graph as one page, for engineers
	@$(BIN)/observatoire-dbt --quiet docs generate --static --empty-catalog --project-dir dbt_project --profiles-dir dbt_project \
		--target-path target/pages --log-path dbt_project/target/pages
	@echo "Page : dbt_project/target/pages/static_index.html"

format: setup ## Formats Python
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean: ## Removes what was built, not the environment
	@rm -rf dbt_project/target dbt_project/logs .mypy_cache .ruff_cache .pytest_cache .hypothesis demo
