# Offhook.  make run: see it at work.  make test: everything that CI checks.

CARGO ?= cargo
# What `make run` gives to the demo: make run ARGS="--receiver-fails 3"
ARGS ?=

# cargo-deny is a tool of the developers, built once; its version is fixed so that a verdict is, too.
DENY_VERSION := 0.20.2

.DEFAULT_GOAL := help
.PHONY: help run build bench test setup fmt tidy clippy unit doc blackbox deny clean
# The stages of `make test` run one after the other: they share one target folder, and a failure is the last thing shown.
.NOTPARALLEL:

help:
	@echo 'make run      build, then offhook demo: simulated phones, real calls, a receiver for their webhooks'
	@echo 'make build    build the binary with optimisation: target/release/offhook'
	@echo 'make test     everything that CI checks; installs what it needs by apt where it may'
	@echo 'make bench    the figures that README promises, measured on this machine'

run:
	$(CARGO) run --locked --bin offhook -- demo $(ARGS)

build:
	$(CARGO) build --release --locked --bin offhook

# One section only: make bench ARGS=calls
bench: build
	$(CARGO) run --release --locked --package offhook-sip-message --example parse_bench
	$(CARGO) run --release --locked --package offhook-tests --example bench -- $(ARGS)

# Cheapest first, so that a slip is told in seconds. CONTRIBUTING.md has the minutes that each stage may take.
test: setup fmt tidy clippy unit doc blackbox deny
	@echo 'make test: all stages passed'

setup:
	tests/setup.sh

fmt:
	$(CARGO) fmt --all --check

tidy:
	$(CARGO) test --locked --package offhook-tests --test tidy

clippy:
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

unit:
	$(CARGO) test --workspace --exclude offhook-tests --locked

doc:
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps --locked --document-private-items

blackbox:
	$(CARGO) build --locked --bin offhook
	$(CARGO) test --locked --package offhook-tests

deny:
	@$(CARGO) deny --version 2>/dev/null | grep -q ' $(DENY_VERSION)$$' || \
		$(CARGO) install --locked --quiet cargo-deny@$(DENY_VERSION)
	$(CARGO) deny --all-features --locked check licenses bans sources

clean:
	$(CARGO) clean
