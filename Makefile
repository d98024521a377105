# Two commands are all that anyone needs: make herd, make test.

CARGO ?= cargo

.DEFAULT_GOAL := help
# Where `make install` puts the program: $(DESTDIR)$(PREFIX)/bin/herd.
PREFIX ?= /usr/local

# Builds the program and says where cargo put it.
PROGRAM = $$($(CARGO) build --release --locked --quiet --message-format=json-render-diagnostics | \
	sed -n 's|.*"executable":"\([^"]*/herd\)".*|\1|p')

# How long `make fuzz` runs each target.
SECONDS ?= 60
FUZZ_TARGETS := client_line server_line session topology provider_json

# How many seeds `make sim` runs; with SEED it replays that one, with SHOW only a part of it.
SEEDS ?= 100000
SHOW ?=

# With ROW `make faults` and `make hosts` try those rows alone whose names hold it.
ROW ?=
# How long `make soak` goes on.
MINUTES ?= 60

.PHONY: help needs herd test quick build install lint doc guide sim sim-scale mutants faults hosts soak
.PHONY: bench broken exercise strace perf fuzz clean distclean

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Says what is missing before cargo or the linker does, in their own words.
needs:
	@command -v $(firstword $(CARGO)) >/dev/null || { echo "make: no cargo here; install Rust" \
		"from https://rustup.rs" >&2; exit 2; }
	@least=$$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml); here=$$($(CARGO) --version | cut -d' ' -f2); \
		[ "$$(printf '%s\n' "$$least" "$$here" | sort -V | head -n1)" = "$$least" ] || \
		{ echo "make: herd needs Rust $$least, and this is $$here; run: rustup update" >&2; exit 2; }
	@command -v $${CC:-cc} >/dev/null || { echo "make: no C compiler here, which the crate ring and" \
		"the linker need; on Debian: apt install gcc libc6-dev" >&2; exit 2; }

herd: build ## build and start the herd of topology.txt; Ctrl-C ends it
	@herd=$(PROGRAM) && herd=$${herd:-$${CARGO_TARGET_DIR:-target}/release/herd} && exec "$${herd#"$$PWD/"}" up

build: needs ## build the program, target/release/herd
	$(CARGO) build --release --locked

install: build ## build the program and put it into PREFIX=/usr/local, in bin
	@herd=$(PROGRAM) && install -D -m 755 "$$herd" "$(DESTDIR)$(PREFIX)/bin/herd"
	@echo "$(DESTDIR)$(PREFIX)/bin/herd is there; herd help lists its verbs"

test: lint doc ## everything that CI runs: formatting, clippy, rustdoc, all tests
	$(CARGO) test --locked
	@tests/mutants/run
	@tests/guide/gallery check
	@tests/guide/exercise check

quick: needs ## what to run between edits: no servers, no clippy, half a minute
	$(CARGO) test --locked --quiet --lib --test node --test model --test tidy

lint: needs ## formatting, the fuzz targets' lock file, and clippy, without warnings
	$(CARGO) fmt --check
	$(CARGO) fmt --check --manifest-path tests/fuzz/Cargo.toml
	@$(CARGO) metadata --locked --format-version 1 --manifest-path tests/fuzz/Cargo.toml >/dev/null
	$(CARGO) clippy --locked --all-targets -- -D warnings

doc: needs ## the documentation, without warnings: target/doc/herd/index.html
	RUSTDOCFLAGS="-D warnings --extend-css src/guide/pages.css" \
		$(CARGO) doc --locked --no-deps --document-private-items
	@cp src/guide/page.png "$${CARGO_TARGET_DIR:-target}/doc/herd/guide/web/"

# A terminal alone has nothing to open it with.
guide: doc ## the book and the manual: opens them in a browser, or says where they are
	@page="$${CARGO_TARGET_DIR:-$$PWD/target}/doc/herd/guide/book/index.html"; echo "$$page"; \
		[ -z "$$DISPLAY$$WAYLAND_DISPLAY" ] || ! command -v xdg-open >/dev/null || xdg-open "$$page"

# The ladder goes past what the test harness says of itself.
sim: ## the herd in bad weather: SEEDS=100000 seeds on all cores, or SEED=n as a ladder
	@$(if $(SEED),HERD_SEED=$(SEED) HERD_SHOW='$(SHOW)' HERD_LADDER=/dev/fd/9,HERD_SEEDS=$(SEEDS)) \
		$(CARGO) test --release --locked --quiet --test sim the_herd_survives -- --nocapture \
		$(if $(SEED),9>&1 >/dev/null)

sim-scale: ## a thousand simulated servers, and bad lines: the tables of the guide
	@$(CARGO) test --release --locked --quiet --test sim -- --ignored --nocapture

mutants: ## plant bugs, one by one: the simulator catches each within 128 seeds, or a test does
	@tests/mutants/run

broken: needs ## the broken loops of the guide's book: all, or BUG=urgent, which shows what it does
	@tests/guide/gallery "$$BUG"

# With N alone it says what to do; FILE, STORY or ANSWERS is the work to be graded. They come to the
# script in its environment, so the shell reads no name as a command.
exercise: needs ## the exercises of the guide's book: all, or N=line, with FILE=mine.rs graded
	@tests/guide/exercise "$$N"

faults: ## the herd under attack: every fault in full, and a table of what was measured
	@HERD_ROW=$(ROW) RUST_BACKTRACE=0 $(CARGO) test --release --locked --quiet --test faults \
		the_whole_table -- --ignored --nocapture

hosts: ## the herd on several hosts, in network namespaces: what holds there
	@HERD_ROW=$(ROW) RUST_BACKTRACE=0 $(CARGO) test --release --locked --quiet --test hosts \
		the_whole_table -- --ignored --nocapture

soak: ## load, restarts, cuts and rude clients for MINUTES=60: nothing grows, all agree
	@HERD_MINUTES=$(MINUTES) RUST_BACKTRACE=0 $(CARGO) test --release --locked --quiet \
		--test faults the_soak -- --ignored --nocapture

# QUICK=1 makes `make bench` short, GOALS=1 adds the figures to reach; CLIENTS is how many clients one
# server holds in it, 10 M if not said.
bench: ## the herd beside asyncio, a raw echo and Redis: one table; QUICK=1 for two minutes
	@python3 tests/bench/bench.py $(if $(QUICK),--quick) $(if $(GOALS),--goals) \
		$(if $(CLIENTS),--clients-max $(CLIENTS))

strace: ## the system calls of an IAMAT, a WHATSAT and a flood, ours and asyncio-best's
	@python3 tests/bench/strace.py

perf: ## where servers under load spend their time, ours and asyncio's: flame graphs
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

clean: ## remove what was built; logs and journals stay in run
	$(CARGO) clean
	@[ ! -d run ] || echo "make clean: logs and journals stay in run; make distclean removes them, too"

distclean: ## remove what was built, and run with its logs and journals
	@for journal in run/*.herd*; do \
		[ ! -e "$$journal" ] || flock --nonblock "$$journal" true || { echo "make distclean: a server" \
			"uses $$journal; end it first" >&2; exit 1; }; \
	done
	$(CARGO) clean
	rm -rf run
