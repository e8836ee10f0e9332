# The two commands: `make demo` and `make test`. Both install what they need.
NODE := node_modules/.bin/node
.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

node_modules/.installed: package-lock.json
	npm ci --loglevel=error
	@touch $@

.PHONY: check
check: node_modules/.installed ## Types, format, lint and fences, in seconds
	$(NODE) node_modules/typescript/bin/tsc -p .
	node_modules/.bin/biome check --error-on-warnings .
	node_modules/.bin/oxlint --type-aware --deny-warnings
	$(NODE) --test tidy.test.ts

.PHONY: format
format: node_modules/.installed ## Format every source file
	node_modules/.bin/biome check --write .

.PHONY: unit
unit: node_modules/.installed ## All tests, nothing installed by apt
	$(NODE) --test --test-timeout=300000 '**/*.test.ts'
