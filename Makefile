# The project's own commands. `make` lists them.

.DEFAULT_GOAL := help
.PHONY: help run test check docs test-rust test-page test-e2e web binary release bench deny guest deps-build deps-check deps-test
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# What the built page is made from; read when it is needed.
page_sources = $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' -not -path 'web/test/*')
scripts = $(shell find dev bench .ci -type f \( -name '*.sh' -o -name run \))

help: ## list these commands
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|'

run: ## run Oriel beside a virtual machine, and print the link to its console
	@dev/run.sh

test: ## run all tests: Rust, page, end to end
	@dev/test.sh

check: deps-check web e2e/node_modules ## formatting, lints and types of everything
	cargo fmt --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cd web && npm run check
	cd e2e && ../web/node_modules/.bin/biome check --error-on-warnings
	shellcheck -x $(scripts)

docs: ## build the Rust documentation, with warnings as errors
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

test-rust: web ## run the Rust tests
	@dev/test.sh rust

test-page: ## run the page's tests
	@dev/test.sh page

test-e2e: ## run the end-to-end tests: a real machine, browser and client
	@dev/test.sh e2e

web: web/dist/console.html ## build the page

binary: web ## build the program, with the page in it
	cargo build --locked --bin oriel

release: web ## build the program as it is to be installed: target/release/oriel
	cargo build --locked --release --bin oriel

bench: ## measure minting and, with BENCH_DRIVER, the gateway beside its peers
	@bench/run

deny: ## check the licences and sources of all dependencies
	@cargo deny --version >/dev/null 2>&1 || cargo install --locked cargo-deny
	cargo deny --all-features check bans licenses sources

guest: ## make the virtual machine that `run` and the tests boot
	@dev/guest/build.sh

deps-build:
	@dev/deps.sh build

deps-check: deps-build
	@dev/deps.sh check

deps-test: deps-build
	@dev/deps.sh machine test

web/dist/console.html: $(page_sources) | web/node_modules
	cd web && npm run build

%/node_modules: %/package.json %/package-lock.json | deps-build
	cd $* && npm ci --no-audit --no-fund
	@touch $@
