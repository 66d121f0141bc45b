# Tools (gofumpt, staticcheck) are `tool` lines in go.mod: nothing to install.

.PHONY: test check bench bench-dryrun bench-send table fuzz torture office office-mutants build release cross cover clean

# All tests, in any order, under the race detector. Many wait for processes that
# they have started, so more run at once than there are processors. go vet is
# make check's.
test:
	go test $(RACE) -vet=off -shuffle=on -parallel 6 -timeout 14m $(TESTFLAGS) ./...
	go test -vet=off -shuffle=on -parallel 6 -run "^($$(paste -sd '|' internal/racetest/again.txt))$$" $(TESTFLAGS) $(SLOW)

# The race detector watches everything but SQLite itself, which is C translated to
# Go: there it would find no race of ours, and it makes SQLite ten times slower.
# SQLite's Go driver is watched.
RACE = -race -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc=-race=false

# These have tests that are too slow for the race detector: under it they skip
# themselves, or send less. The second line runs those tests only.
SLOW = ./throttle ./internal/batch ./internal/ledger ./cmd/batchsend

# What must be clean before a commit.
check:
	@test -z "$$(go tool gofumpt -l .)" || { echo "gofumpt would change:"; go tool gofumpt -l .; exit 1; }
	go vet ./...
	go tool staticcheck ./...

# A release binary: static, stripped, reproducible.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
build:
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.release=$(VERSION)" -o bin/batchsend ./cmd/batchsend

# The files of a release, in DIST: archives for Linux, macOS and Windows, packages (deb,
# rpm), bills of materials, SHA256SUMS. The same commit and the same Go give the same bytes.
# TARGETS=linux/amd64 makes it of those only.
DIST ?= dist
release:
	@test -n "$(VERSION)" || { echo "set VERSION: there is no git repository to take it from"; exit 2; }
	cd .ci/release && CGO_ENABLED=0 go run . -source ../.. -out ../../$(DIST) -version $(VERSION) -targets "$(TARGETS)"

# Compile for systems on which the tests do not run here. Each takes minutes where
# nothing is cached, so .ci/run compiles for Windows, which differs most.
CROSS ?= windows/amd64 windows/arm64 darwin/amd64 darwin/arm64 linux/arm64
cross:
	@for target in $(CROSS); do \
		echo "compiling for $$target"; \
		GOOS=$${target%/*} GOARCH=$${target#*/} CGO_ENABLED=0 go build -o /dev/null ./cmd/batchsend || exit 1; \
	done

BENCHTIME ?= 1s
bench:
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

# What a dry run of ROWS rows takes, and of twice as many, against csvutil
# decoding the same file alone.
ROWS ?= 1000000
bench-dryrun: build
	go run ./internal/bench -rows $(ROWS) bin/batchsend

# What sending ENVELOPES singly takes, and ten times as many, beside a plain net/http
# loop; with SDK=DIR, in which npm has installed docusign-esign, beside that as well.
ENVELOPES ?= 10000
SDK ?=
bench-send: build
	go run ./internal/bench -send $(ENVELOPES) -sdk "$(SDK)" bin/batchsend

# What each engine takes under each limit, in virtual time.
table:
	BATCHSEND_TABLE="1000 10000 100000" go test -count=1 -timeout 0 -run TestTable -v ./cmd/batchsend

# Every fuzz target for FUZZTIME.
FUZZTIME ?= 30s
fuzz:
	@go list ./... | while read -r pkg; do \
		for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1x $$pkg || exit 1; \
		done; \
	done

# Kill sending processes at random moments, ROUNDS times; everybody must have
# been mailed once.
ROUNDS ?= 2000
torture:
	BATCHSEND_TORTURE=$(ROUNDS) go test -count=1 -timeout 0 -run 'TestKillMatrix|TestCrashPoints|TestOverlap|TestSameContentTwice|TestBulkKilled|TestTwoLedgers' ./cmd/batchsend

# SEEDS stories of an office, from the FIRST on: people, accidents and the whole
# program, in virtual time. A failure prints the shortest story like it. make test
# plays 100.
SEEDS ?= 2000
FIRST ?= 1
office:
	BATCHSEND_OFFICE_SEEDS=$(SEEDS) BATCHSEND_OFFICE_FIRST=$(FIRST) go test -count=1 -timeout 0 -run '^TestOffice$$' -v ./cmd/batchsend

# Take mends out of the program (all, or MUTANTS), one after the other: the office
# must find each fault.
office-mutants:
	SEEDS=$(SEEDS) FIRST=$(FIRST) .ci/office-mutants $(MUTANTS)

cover:
	go test -coverpkg ./... -coverprofile cover.out ./... && go tool cover -func cover.out | tail -1

clean:
	rm -rf bin dist cover.out
