# `make` lists the targets. They need git, make and npm; the rest is installed by them.

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
UNITDIR    ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
SYSCTLDIR  ?= $(PREFIX)/lib/sysctl.d
DESTDIR    ?=
DIST       ?= dist
COMMAND    ?= demo
ARGS       ?=

# Found, or installed into .tools, when a target needs it.
DENO = deno=$$(scripts/deno.sh) && "$$deno"

PLACES = DIST='$(DIST)' DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' \
	UNITDIR='$(UNITDIR)' SYSUSERSDIR='$(SYSUSERSDIR)' SYSCTLDIR='$(SYSCTLDIR)'

.DEFAULT_GOAL := help
.PHONY: help run unit test docs ok bench build build-tree deb rpm client install uninstall clean

help: ## This list
	@echo 'Ranger: the WebSocket server of an exchange.'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r target text; do printf '%-18s %s\n' "$$target" "$$text"; done
	@echo
	@echo 'ARGS="…" is passed to the program by run, to `deno test` by unit and test, to the benchmark by bench:'
	@echo '  make test ARGS=tests/end_to_end/install_test.ts'
	@echo 'COMMAND is what run runs in place of the demo: make run COMMAND=tail ARGS="--book btcusd"'
	@echo 'install and uninstall take PREFIX ($(PREFIX)), SYSCONFDIR ($(SYSCONFDIR)), UNITDIR and DESTDIR.'

# The lock file spares the download of what only tests and page need.
run: ## The demo: a simulated exchange, no broker, no key
	@$(DENO) run -A --frozen --lock=scripts/run.lock main.ts $(COMMAND) $(ARGS)

unit: ## The tests that start no program, broker or browser
	@$(DENO) run -A scripts/run_tests.ts unit $(ARGS)

test: ## All tests, with a RabbitMQ (as root it is installed if it is missing)
	@$(DENO) run -A scripts/run_tests.ts $(ARGS)

docs: ## Writes the documents and sources that are generated
	@$(DENO) task docs

ok: ## Format, lint, types, documents, wording, all tests: required before a commit
	@$(DENO) task ok

bench: ## The benchmark: frames a second, latency, memory, beside other servers
	@$(DENO) task bench $(ARGS)

build: ## dist/ranger, one executable file
	@export DIST='$(DIST)' && $(DENO) run -A scripts/build.ts executable

build-tree: ## dist/ranger-tree, the same program as a folder, where `make build` is not possible
	@export DIST='$(DIST)' && $(DENO) run -A scripts/build.ts tree

# What was built last is packaged: `make build` or `make build-tree` first.
deb: ## dist/ranger_<version>_<arch>.deb, of what was built
	@DIST='$(DIST)' scripts/package.sh deb

rpm: ## dist/ranger-<version>-1.<arch>.rpm, of what was built
	@DIST='$(DIST)' scripts/package.sh rpm

client: ## dist/client, the typed client for browsers, Node, Deno and Bun, as npm takes it
	@export DIST='$(DIST)' && $(DENO) task client

install: ## Installs what was built, with systemd unit, user and example configuration
	@$(PLACES) scripts/install.sh install

uninstall: ## Removes what install installed; a changed configuration stays
	@$(PLACES) scripts/install.sh uninstall

clean: ## Removes what was built, and .tools
	rm -rf '$(DIST)' .tools
