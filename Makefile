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
# Readers that nobody here wrote (DuckDB, pyarrow, …) live here, for the tests.
VENV := $(TARGET)/readers
# Judges of the files under examples/deploy.
JUDGES := $(TARGET)/judges
DEMO_LAKE := $(TARGET)/demo-lake
CARGO_FLAGS := --locked --profile $(PROFILE)
# Where cargo puts the binary of the profile.
BUILT := $(TARGET)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))

# How the measured programs are built: `release` as shipped, or `bench`, which is quicker to build and has names for
# a profiler. Both land in target/release.
BENCH_PROFILE ?= release
# What is measured: quick, all (ten million rows: 10 GB of JSON), or names; see benches/run.py.
WHAT ?= quick

# Every target with a description is a command.
.PHONY: $(shell awk -F: '/^[a-z-]+:.*##/ { print $$1 }' $(firstword $(MAKEFILE_LIST))) clean-demo

# Where `make install` puts things: DESTDIR for packagers, BINARY for a program that is already built.
PREFIX ?= /usr/local
DESTDIR ?=

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: clean-demo ## Build, serve a simulated bank, export it, print the report and a line that queries the result
	$(CARGO) build $(CARGO_FLAGS) --bin powens-export
	@$(CARGO) run --quiet $(CARGO_FLAGS) --bin powens-export -- demo --dest $(DEMO_LAKE)

test: $(VENV)/ready ## Run every test, the reading back by DuckDB, pyarrow, openpyxl, ofxtools and LibreOffice included
	office="$$(tests/tools/office.sh)"; \
	POWENS_EXPORT_PYTHON="$(abspath $(VENV))/bin/python" POWENS_EXPORT_OFFICE="$$office" $(CARGO) test $(CARGO_FLAGS)

# A range of seeds; one seed is one schedule, for ever.
SEEDS ?= 0..20000
simulate: ## Play more schedules of the simulation: make simulate SEEDS=0..100000
	POWENS_EXPORT_SIMULATION_SEEDS=$(SEEDS) $(CARGO) test $(CARGO_FLAGS) --test it simulation::whatever -- --nocapture

soak: ## A thousand simulated nights, verified and compared with full runs; prints what they cost
	TMPDIR="$${TMPDIR:-$(firstword $(wildcard /dev/shm) /tmp)}" POWENS_EXPORT_SOAK_NIGHTS=1000 \
		$(CARGO) test --locked --profile $(BENCH_PROFILE) --test it nights::soak -- --nocapture

planted: ## Plant bugs one at a time and see which test notices (BUGS=: those whose name this expression finds)
	$(PYTHON) tests/tools/planted_bugs.py --target "$(abspath $(TARGET))" --only "$(BUGS)"

planted-check: ## See whether each planted bug still has its place in the code
	$(PYTHON) tests/tools/planted_bugs.py --check

sweep: ## Kill the program at every file system call of a run, fail every one with an error, compare with the kernel
	$(CARGO) build $(CARGO_FLAGS) --bin powens-export
	$(PYTHON) tests/sweep/sweep.py --program $(BUILT)/powens-export --cross-check --jobs 2

check: format planted-check lint docs dependencies ## Formatting, lints, documentation, dependencies: warnings are errors

format: ## Check the formatting (`cargo fmt` repairs it)
	$(CARGO) fmt --all -- --check

lint: ## Clippy over everything, warnings as errors
	$(CARGO) clippy --locked --profile $(PROFILE) --all-targets -- -D warnings

docs: ## Build the library's documentation, warnings as errors
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --profile $(PROFILE) --no-deps --lib

dependencies: ## Licences, sources, doubles and reasons of what we depend on; by cargo-deny too, where it is installed
	$(PYTHON) tests/tools/check_dependencies.py
	@if $(CARGO) deny --version >/dev/null 2>&1; then $(CARGO) deny --all-features check bans licenses sources; \
	else echo "cargo-deny is not installed: the check above covers licences, sources and doubles"; fi

advisories: ## Known vulnerabilities in what we depend on (needs cargo-deny and the network)
	$(CARGO) deny --all-features check advisories

sbom: ## The bill of materials (CycloneDX): target/powens-export.cdx.json
	@mkdir -p $(TARGET)
	$(PYTHON) tests/tools/sbom.py > $(TARGET)/powens-export.cdx.json

check-deploy: $(JUDGES)/ready ## Cron, systemd, containers, Airflow, alerts: each judged by its own tool, where it is installed
	"$(JUDGES)/bin/python" tests/deploy/check_deploy.py

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

ifdef BINARY
install:
else
BINARY := $(TARGET)/release/powens-export
install: release
endif
install: ## Install program, completions and man pages below $(DESTDIR)$(PREFIX), by default /usr/local
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/man/man1" \
		"$(DESTDIR)$(PREFIX)/share/bash-completion/completions" "$(DESTDIR)$(PREFIX)/share/zsh/site-functions" \
		"$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d"
	install -m 0755 "$(BINARY)" "$(DESTDIR)$(PREFIX)/bin/powens-export"
	"$(BINARY)" completions bash > "$(DESTDIR)$(PREFIX)/share/bash-completion/completions/powens-export"
	"$(BINARY)" completions zsh > "$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_powens-export"
	"$(BINARY)" completions fish > "$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/powens-export.fish"
	"$(BINARY)" man "$(DESTDIR)$(PREFIX)/share/man/man1"

clean-demo:
	@rm -rf -- "$(DEMO_LAKE)"

$(VENV)/ready: tests/readback/requirements.txt
$(JUDGES)/ready: tests/deploy/requirements.txt
$(VENV)/ready $(JUDGES)/ready:
	$(PYTHON) -m venv "$(@D)"
	"$(@D)/bin/python" -m pip install --quiet --disable-pip-version-check -r $<
	@touch "$@"
