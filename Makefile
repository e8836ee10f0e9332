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


.PHONY: libraries
libraries:
	@.ci/install node

# The order matters: Node 26 needs its library before anything runs on it.
node_modules/.installed: | libraries

.PHONY: demo
demo: node_modules/.installed ## Two nodes, one job from PHP, a verified receipt
	@REQUIRED=1 .ci/install php
	@$(NODE) examples/demo.ts

.PHONY: demo-third
demo-third: node_modules/.installed ## The same with a third node as bootstrap
	@REQUIRED=1 .ci/install php
	@$(NODE) examples/demo.ts --third-bootstrap

.PHONY: test
test: node_modules/.installed ## Everything, with what it needs installed where it may be
	@.ci/install netns php phpunit phpcs composer java chromium clang libcxx rust go bwrap deb debtools
	-@[ -d examples/assemblyscript/node_modules ] || npm ci --silent --prefix examples/assemblyscript
	PATH="$$PWD/build/go/go/bin:$$PATH" $(NODE) --test --test-timeout=300000 '**/*.test.ts'

.PHONY: core-suite
core-suite: node_modules/.installed ## The whole official WebAssembly core suite through the interpreter
	CORE_SUITE=all $(NODE) --test machine/testing/core-suite.test.ts machine/testing/metered-suite.test.ts

.PHONY: generated
generated: node_modules/.installed ## Ten thousand generated modules through the interpreter and the fast machine
	GENERATED=10000 $(NODE) --test machine/testing/generated.test.ts

.PHONY: fuzz
fuzz: node_modules/.installed ## Ten minutes (FUZZ_SECONDS) of mutated modules; what fails is kept in build/fuzz
	@$(NODE) machine/testing/fuzz/main.ts

.PHONY: determinism
determinism: node_modules/.installed ## One corpus on every engine that can be had: the same claims, host calls, and their use of the stack
	@.ci/install chromium firefox qemu
	@$(NODE) machine/testing/matrix/determinism.ts $(if $(JSON),--json)

.PHONY: openapi
openapi: node_modules/.installed ## Write openapi/openapi.json and docs/api.md from the schemas
	$(NODE) openapi/generate.ts
	$(NODE) openapi/reference.ts

.PHONY: sdks
sdks: openapi ## Generate the SDKs' clients from the document
	@REQUIRED=1 .ci/install java
	$(NODE) openapi/sdks.ts
	$(NODE) sdks/readme.ts

.PHONY: php-trixie
php-trixie: node_modules/.installed ## The PHP SDK's tests under the PHP of Debian trixie, in a root of its own (as root)
	@$(NODE) sdks/php/testing/trixie.ts

.PHONY: bench
bench: node_modules/.installed ## Measure the node beside its floors, JSON out
	@$(NODE) bench/run.ts

.PHONY: bench-php
bench-php: node_modules/.installed ## Measure the PHP SDK beside raw curl, JSON out
	@REQUIRED=1 .ci/install php
	@$(NODE) bench/php.ts

.PHONY: bench-machine
bench-machine: node_modules/.installed ## Measure what metering costs a set of programs, JSON out
	@$(NODE) bench/machine/all.ts

.PHONY: bench-rewriting
bench-rewriting: node_modules/.installed ## Measure what a module's first job waits for, JSON out
	@$(NODE) bench/rewriting.ts

.PHONY: bench-weights
bench-weights: node_modules/.installed ## Measure single instructions in fuel for each nanosecond, JSON out
	@$(NODE) bench/machine/chains.ts

.PHONY: bench-machine-file
bench-machine-file: node_modules/.installed ## Write build/bench-machine.mjs, which measures any module where types are not stripped
	@node_modules/.bin/esbuild bench/machine/run.ts --bundle --platform=node --format=esm --log-level=warning --outfile=build/bench-machine.mjs

.PHONY: kernels
kernels: node_modules/.installed ## Build the programs of bench-machine from their sources
	@REQUIRED=1 .ci/install clang
	@NODE=$(abspath $(NODE)) bench/machine/kernels/build.sh

.PHONY: dist
dist: node_modules/.installed ## Bundle the node, and pack it for npx, and the SDKs, in build/
	@$(NODE) release/tarball.ts
	@$(NODE) release/sdk.ts
	@$(NODE) release/php.ts

.PHONY: deb
deb: node_modules/.installed ## Build the Debian package, in build/
	@REQUIRED=1 .ci/install deb
	@$(NODE) debian/deb.ts

.PHONY: deb-test
deb-test: node_modules/.installed ## Install, kill, upgrade and purge the package on Debian's releases (as root)
	@.ci/install deb roots debtools php composer
	$(NODE) --test --test-timeout=600000 debian/testing/lifecycle.ts

.PHONY: sign
sign: node_modules/.installed ## Sign the packages in build/ with the key that PLASM_SIGNING_KEY names
	@$(NODE) release/sign.ts
