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

# How the measured programs are built: `release` as shipped, or `bench`, which is quicker to build and has names for
# a profiler. Both land in target/release.
BENCH_PROFILE ?= release
# What is measured: quick, all (ten million rows: 10 GB of JSON), or names; see benches/run.py.
WHAT ?= quick

.PHONY: help demo test check format lint docs dependencies schemas ci release bench bench-peers bench-stages clean-demo

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: clean-demo ## Build, serve a simulated bank, export it, print the report and a line that queries the result
	$(CARGO) build $(CARGO_FLAGS) --bin powens-export
	@$(CARGO) run --quiet $(CARGO_FLAGS) --bin powens-export -- demo --dest $(DEMO_LAKE)

test: $(VENV)/ready ## Run every test, the reading back by DuckDB and pyarrow included
	POWENS_EXPORT_PYTHON="$(abspath $(VENV))/bin/python" $(CARGO) test $(CARGO_FLAGS)

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

bench: ## Measure whole runs against a bank of templates: CPU, wall, memory, rows per CPU second (WHAT=all for 10 M rows)
	$(CARGO) build --locked --profile $(BENCH_PROFILE) --bin powens-export --example bank
	$(PYTHON) benches/run.py --what $(WHAT) --binary $(TARGET)/release/powens-export \
		--bank $(TARGET)/release/examples/bank --save

bench-peers: $(TARGET)/peers/ready ## Measure a Python script and a dlt pipeline on the same bank, side by side
	$(CARGO) build --locked --profile $(BENCH_PROFILE) --bin powens-export --example bank
	$(PYTHON) benches/run.py --what peers --binary $(TARGET)/release/powens-export \
		--bank $(TARGET)/release/examples/bank --python $(TARGET)/peers/bin/python --save

$(TARGET)/peers/ready: benches/peers/requirements.txt
	$(PYTHON) -m venv "$(TARGET)/peers"
	"$(TARGET)/peers/bin/python" -m pip install --quiet --disable-pip-version-check -r $<
	@touch "$@"

bench-stages: ## Measure decode, sort, merge, encode, read-back and hash, each alone
	$(CARGO) bench --locked --bench stages

clean-demo:
	@rm -rf -- "$(DEMO_LAKE)"

$(VENV)/ready: tests/readback/requirements.txt
	$(PYTHON) -m venv "$(VENV)"
	"$(VENV)/bin/python" -m pip install --quiet --disable-pip-version-check -r $<
	@touch "$@"
