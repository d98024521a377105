# Two commands are all that anyone needs: make herd, make test.

CARGO ?= cargo

.DEFAULT_GOAL := help
# How many seeds `make sim` runs; with SEED it replays that one.
SEEDS ?= 100000

.PHONY: help herd test build lint doc sim sim-scale mutants clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

herd: build ## build and start the herd of topology.txt; Ctrl-C ends it
	@exec target/release/herd up

build: ## build the program, target/release/herd
	$(CARGO) build --release --locked

test: lint doc ## everything that CI runs: formatting, clippy, rustdoc, all tests
	$(CARGO) test --locked

lint: ## formatting and clippy, without warnings
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings

doc: ## the documentation, without warnings: target/doc/herd/index.html
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --document-private-items

sim: ## the herd in bad weather: SEEDS=100000 seeds on all cores, or SEED=n as a ladder
	@$(if $(SEED),HERD_SEED=$(SEED),HERD_SEEDS=$(SEEDS)) $(CARGO) test --release --locked --quiet \
		--test sim the_herd -- --nocapture

sim-scale: ## a thousand simulated servers: hops, time, lines; the table of the README
	@$(CARGO) test --release --locked --quiet --test sim a_thousand -- --ignored --nocapture

mutants: ## plant bugs, one by one: the simulator catches each within 100 seeds
	@tests/mutants/run

clean: ## remove what was built, and the logs
	$(CARGO) clean
	rm -rf run
