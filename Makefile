# Two commands are all that anyone needs: make herd, make test.

CARGO ?= cargo

.DEFAULT_GOAL := help
.PHONY: help herd test build lint doc clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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

clean: ## remove what was built, and the logs
	$(CARGO) clean
	rm -rf run
