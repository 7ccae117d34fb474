# Nothing here is needed to build or test: the go command does both.

GO ?= go
FUZZTIME ?= 10s
KILLFOR ?= 60s
CRASH := ^Test(Crash|ReplacedHolder|ReleaseHasNo|KilledForAWhile|Defects|IntentIsOnTheDisk)

.PHONY: help check fmt test race crash nightly fuzz bench golden lint

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

check: ## what CI does, all of it
	.ci/run

fmt: ## format Go and plan files
	gofmt -w .
	$(GO) run ./cmd/transition fmt -recursive examples

test: ## all tests
	$(GO) test ./...

race: ## all tests with the race detector (needs a C compiler)
	$(GO) test -race ./...

crash: ## kill the program at its crash points, and at random for KILLFOR
	TRANSITION_KILL_FOR=$(KILLFOR) $(GO) test -count=1 -timeout 30m -tags crashpoint -run '$(CRASH)' ./cmd/transition

nightly: ## the same at every passage of every crash point, more seeds, every byte, and for long
	TRANSITION_FLIP_ALL=1 $(GO) test -count=1 -timeout 3h -run '^TestFlippedBytes$$' ./runner/store/sqlite
	TRANSITION_SEEDS=20000 $(GO) test -count=1 -timeout 3h -run '^TestSimulation$$' ./runner
	TRANSITION_CRASH_ALL=1 TRANSITION_KILL_FOR=30m $(GO) test -count=1 -timeout 3h -tags crashpoint -run '$(CRASH)' ./cmd/transition

fuzz: ## every fuzz target for FUZZTIME each
	@$(GO) list ./... | while read -r pkg; do \
		for target in $$($(GO) test -list '^Fuzz' "$$pkg" | grep '^Fuzz'); do \
			echo "$$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$pkg" || exit 1; \
		done; \
	done

bench: ## the benchmarks whose figures are in the README
	$(GO) test -run '^$$' -bench . -benchmem ./...

golden: ## write the expected outputs anew; read the difference before committing it
	$(GO) test $$(grep -rl --include='*_test.go' '"update"' . | xargs -n1 dirname | sort -u) -update

lint: ## golangci-lint, where it is installed
	golangci-lint run
