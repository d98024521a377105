# Two commands are all that anyone needs: make herd, make test.

CARGO ?= cargo

.DEFAULT_GOAL := help
# How long `make fuzz` runs each target.
SECONDS ?= 60
FUZZ_TARGETS := client_line server_line session topology provider_json

# How many seeds `make sim` runs; with SEED it replays that one.
SEEDS ?= 100000

# With ROW `make faults` and `make hosts` try those rows alone whose names hold it.
ROW ?=
# How long `make soak` goes on.
MINUTES ?= 60

.PHONY: help herd test quick build lint doc sim sim-scale mutants faults hosts soak bench strace perf fuzz clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

herd: build ## build and start the herd of topology.txt; Ctrl-C ends it
	@herd=$$($(CARGO) build --release --locked --quiet --message-format=json-render-diagnostics | \
		sed -n 's|.*"executable":"\([^"]*/herd\)".*|\1|p') && \
		exec "$${herd:-$${CARGO_TARGET_DIR:-target}/release/herd}" up

build: ## build the program, target/release/herd
	$(CARGO) build --release --locked

test: lint doc ## everything that CI runs: formatting, clippy, rustdoc, all tests
	$(CARGO) test --locked
	@tests/mutants/run

quick: ## what to run between edits: no servers, no clippy, half a minute
	$(CARGO) test --locked --quiet --lib --test node --test model --test tidy

lint: ## formatting, the fuzz targets' lock file, and clippy, without warnings
	$(CARGO) fmt --check
	$(CARGO) fmt --check --manifest-path tests/fuzz/Cargo.toml
	@$(CARGO) metadata --locked --format-version 1 --manifest-path tests/fuzz/Cargo.toml >/dev/null
	$(CARGO) clippy --locked --all-targets -- -D warnings

doc: ## the documentation, without warnings: target/doc/herd/index.html
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --document-private-items

sim: ## the herd in bad weather: SEEDS=100000 seeds on all cores, or SEED=n as a ladder
	@$(if $(SEED),HERD_SEED=$(SEED),HERD_SEEDS=$(SEEDS)) $(CARGO) test --release --locked --quiet \
		--test sim the_herd -- --nocapture

sim-scale: ## a thousand simulated servers, and bad lines: the tables of the guide
	@$(CARGO) test --release --locked --quiet --test sim -- --ignored --nocapture

mutants: ## plant bugs, one by one: the simulator catches each within 128 seeds, or a test does
	@tests/mutants/run

faults: ## the herd under attack: every fault in full, and a table of what was measured
	@HERD_ROW=$(ROW) RUST_BACKTRACE=0 $(CARGO) test --release --locked --quiet --test faults \
		the_whole_table -- --ignored --nocapture

hosts: ## the herd on several hosts, in network namespaces: what holds there
	@HERD_ROW=$(ROW) RUST_BACKTRACE=0 $(CARGO) test --release --locked --quiet --test hosts \
		the_whole_table -- --ignored --nocapture

soak: ## load, restarts, cuts and rude clients for MINUTES=60: nothing grows, all agree
	@HERD_MINUTES=$(MINUTES) RUST_BACKTRACE=0 $(CARGO) test --release --locked --quiet \
		--test faults the_soak -- --ignored --nocapture

# QUICK=1 makes `make bench` short; CLIENTS is how many clients one server holds in it, 10 M if not said.
bench: ## the herd beside asyncio, a raw echo and Redis: one table; QUICK=1 for two minutes
	@python3 tests/bench/bench.py $(if $(QUICK),--quick) $(if $(CLIENTS),--clients-max $(CLIENTS))

strace: ## the system calls of an IAMAT, a WHATSAT and a flood, ours and asyncio's
	@python3 tests/bench/strace.py

perf: ## where a server under load spends its time
	@python3 tests/bench/perf.py

fuzz: ## every fuzz target for SECONDS=60 seconds; needs cargo-fuzz and a nightly toolchain
	@$(CARGO) fuzz --version >/dev/null 2>&1 || \
		{ echo "make fuzz: no cargo-fuzz here; run: cargo install cargo-fuzz" >&2; exit 2; }
	@$(CARGO) +nightly --version >/dev/null 2>&1 || { echo "make fuzz: no nightly toolchain" \
		"here; run: rustup toolchain install nightly" >&2; exit 2; }
	@set -e; for target in $(FUZZ_TARGETS); do \
		echo "== $$target, $(SECONDS) s"; \
		mkdir -p target/fuzz/corpus/$$target target/fuzz/found/$$target; \
		$(CARGO) +nightly fuzz run --fuzz-dir tests/fuzz --target-dir target/fuzz/build $$target \
			target/fuzz/corpus/$$target tests/fuzz/corpus/$$target -- \
			-dict=tests/fuzz/dictionaries/$$target.dict -max_total_time=$(SECONDS) \
			-artifact_prefix=target/fuzz/found/$$target/ -timeout=10 -print_final_stats=1; \
	done

clean: ## remove what was built, and the logs
	$(CARGO) clean
	rm -rf run
