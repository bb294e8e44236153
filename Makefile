# `make` shows what there is. Everything needs git, make and npm, and nothing else by hand.

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
UNITDIR    ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
SYSCTLDIR  ?= $(PREFIX)/lib/sysctl.d
DESTDIR    ?=
DIST       ?= dist
ARGS       ?=

# Found, or installed into .tools, when a target needs it.
DENO = deno=$$(scripts/deno.sh) && "$$deno"

PLACES = DIST='$(DIST)' DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' \
	UNITDIR='$(UNITDIR)' SYSUSERSDIR='$(SYSUSERSDIR)' SYSCTLDIR='$(SYSCTLDIR)'

.DEFAULT_GOAL := help
.PHONY: help run test ok bench build build-tree client install uninstall clean

help: ## This list
	@echo 'Ranger: the WebSocket server of an exchange.'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | \
		while IFS='|' read -r target text; do printf '%-18s %s\n' "$$target" "$$text"; done
	@echo
	@echo 'ARGS="…" is handed to the program by run, to the tests by test, to the benchmark by bench:'
	@echo '  make test ARGS=tests/end_to_end/install_test.ts'
	@echo 'install and uninstall take PREFIX ($(PREFIX)), SYSCONFDIR ($(SYSCONFDIR)), UNITDIR and DESTDIR.'

run: ## The demo: a simulated exchange, no broker, no key
	@$(DENO) run -A main.ts demo $(ARGS)

test: ## The tests, with a real RabbitMQ (root: installed where it is missing)
	@$(DENO) run -A scripts/run_tests.ts $(ARGS)

ok: ## Format, lint, types, documents, tests: what has to be right before a commit
	@$(DENO) task ok

bench: ## The benchmark: frames a second, latency, memory, beside other servers
	@$(DENO) task bench $(ARGS)

build: ## dist/ranger, one executable file
	@export DIST='$(DIST)' && $(DENO) run -A scripts/build.ts executable

build-tree: ## dist/ranger-tree, the same program as a folder, where `make build` is not possible
	@export DIST='$(DIST)' && $(DENO) run -A scripts/build.ts tree

client: ## dist/client, the typed client for browsers, Node, Deno and Bun, as npm takes it
	@export DIST='$(DIST)' && $(DENO) task client

install: ## What was built, with systemd unit, user and example configuration
	@$(PLACES) scripts/install.sh install

uninstall: ## Removes what install put in place; a configuration that was changed stays
	@$(PLACES) scripts/install.sh uninstall

clean: ## Removes what was built, and .tools
	rm -rf '$(DIST)' .tools
