# The whole manual of the workshop: `make help` prints what stands beside the targets.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

CARGO ?= cargo
PYTHON ?= python3
# One profile for the demo and the tests, so that dependencies are compiled once.
PROFILE ?= dev
TARGET := $(or $(CARGO_TARGET_DIR),target)
# Readers that nobody here wrote (DuckDB, pyarrow) live here, for the tests.
VENV := $(TARGET)/readers
DEMO_LAKE := $(TARGET)/demo-lake
CARGO_FLAGS := --locked --profile $(PROFILE)

.PHONY: help demo test simulate planted check format lint docs dependencies schemas ci release clean-demo

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: clean-demo ## Build, serve a simulated bank, export it, print the report and a line that queries the result
	$(CARGO) build $(CARGO_FLAGS) --bin powens-export
	@$(CARGO) run --quiet $(CARGO_FLAGS) --bin powens-export -- demo --dest $(DEMO_LAKE)

test: $(VENV)/ready ## Run every test, the reading back by DuckDB and pyarrow included
	POWENS_EXPORT_PYTHON="$(abspath $(VENV))/bin/python" $(CARGO) test $(CARGO_FLAGS)

# A range of seeds; one seed is one schedule, for ever.
SEEDS ?= 0..20000
simulate: ## Play more schedules of the simulation: make simulate SEEDS=0..100000
	POWENS_EXPORT_SIMULATION_SEEDS=$(SEEDS) $(CARGO) test $(CARGO_FLAGS) --test it simulation::whatever -- --nocapture

planted: ## Plant bugs one at a time and see which test notices
	$(PYTHON) tests/tools/planted_bugs.py --target "$(abspath $(TARGET))"

check: format lint docs dependencies ## Formatting, lints, documentation, dependencies: warnings are errors

format: ## Check the formatting (`cargo fmt` repairs it)
	$(CARGO) fmt --all -- --check

lint: ## Clippy over everything, warnings as errors
	$(CARGO) clippy --locked --profile $(PROFILE) --all-targets -- -D warnings

docs: ## Build the library's documentation, warnings as errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --profile $(PROFILE) --no-deps --lib

dependencies: ## Licences, sources, doubles and reasons of what we depend on
	$(PYTHON) tests/tools/check_dependencies.py

schemas: ## Write the generated files below schemas/ again (the tests compare them)
	POWENS_EXPORT_WRITE_SCHEMAS=1 $(CARGO) test $(CARGO_FLAGS) --lib --bins schema

ci: ## What continuous integration runs
	.ci/run

release: ## The stripped, optimised binary: target/release/powens-export
	$(CARGO) build --locked --release --bin powens-export

clean-demo:
	@rm -rf -- "$(DEMO_LAKE)"

$(VENV)/ready: tests/readback/requirements.txt
	$(PYTHON) -m venv "$(VENV)"
	"$(VENV)/bin/python" -m pip install --quiet --disable-pip-version-check -r $<
	@touch "$@"
