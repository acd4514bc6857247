# Offhook.  make run: see it at work.  make test: everything that CI checks.

CARGO ?= cargo
NPM ?= npm
# What `make run` gives to the demo: make run ARGS="--receiver-fails 3"
ARGS ?=

# cargo-deny is a tool of the developers, built once; its version is fixed so that a verdict is, too.
DENY_VERSION := 0.20.2

.DEFAULT_GOAL := help
.PHONY: help run build bench bench-media test setup fmt web tidy clippy unit doc blackbox e2e deny clean
# The stages of `make test` run one after the other: they share one target folder, and a failure is the last thing shown.
.NOTPARALLEL:

help:
	@echo 'make run      build, then offhook demo: simulated phones, real calls, a receiver for their webhooks'
	@echo 'make build    build the binary with optimisation: target/release/offhook'
	@echo 'make test     everything that CI checks; installs what it needs by apt where it may'
	@echo 'make bench    the figures that README promises, measured on this machine'

run: page
	$(CARGO) run --locked --bin offhook -- demo $(ARGS)

# A release without its page is a mistake wherever there is a Node to build it with.
build: page
	$(if $(shell command -v $(NPM)),OFFHOOK_REQUIRE_PAGE=1) $(CARGO) build --release --locked --bin offhook

# The web page, built anew when its sources changed. Without Node there is a stub in its place, and all else works.
.PHONY: page
page:
	@if command -v $(NPM) >/dev/null 2>&1; then $(MAKE) --no-print-directory web/dist/index.html; \
	else echo 'make: no Node.js here, so the web page is left out'; fi

web/dist/index.html: web/node_modules/.package-lock.json $(shell find web/src web/public -type f 2>/dev/null) web/index.html web/vite.config.ts
	cd web && $(NPM) run --silent build

# Browsers come from Debian; Playwright is not to fetch one of its own.
web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	cd web && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 $(NPM) ci --no-audit --no-fund

# One section only: make bench ARGS=calls
bench: build
	$(CARGO) run --release --locked --package offhook-sip-message --example parse_bench
	$(CARGO) run --release --locked --package offhook-tests --example bench -- $(ARGS)

# The figures of media alone.
bench-media: build
	$(CARGO) run --release --locked --package offhook-media-core --example relay_bench
	$(CARGO) run --release --locked --package offhook-tests --example bench -- relay record

# Cheapest first, so that a slip is told in seconds. CONTRIBUTING.md has the minutes that each stage may take.
test: setup fmt web tidy clippy unit doc blackbox e2e deny
	@echo 'make test: all stages passed'

setup:
	tests/setup.sh

fmt:
	$(CARGO) fmt --all --check

# Format, types, rules and unit tests of the page, and the page itself for the stages that need it.
web: web/node_modules/.package-lock.json
	cd web && $(NPM) run --silent check
	cd web && $(NPM) test
	$(MAKE) --no-print-directory web/dist/index.html

tidy:
	$(CARGO) test --locked --package offhook-tests --test tidy

clippy:
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy --package offhook-server --no-default-features --all-targets --locked -- -D warnings

unit:
	$(CARGO) test --workspace --exclude offhook-tests --locked

doc:
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps --locked --document-private-items

blackbox:
	$(CARGO) build --locked --bin offhook
	$(CARGO) test --locked --package offhook-tests

# The page in Chromium against the demo of the real binary, in both languages.
e2e: page
	$(CARGO) build --locked --bin offhook
	cd web && $(NPM) run --silent e2e

deny:
	@$(CARGO) deny --version 2>/dev/null | grep -q ' $(DENY_VERSION)$$' || \
		$(CARGO) install --locked --quiet cargo-deny@$(DENY_VERSION)
	$(CARGO) deny --all-features --locked check licenses bans sources

clean:
	$(CARGO) clean
