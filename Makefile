# vpm, the Virtual Process Manager. See README.md.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# Static, and not position-independent, which would cost each CGI request more than a millisecond.
GOBUILD = CGO_ENABLED=0 go build -trimpath -buildmode=exe -ldflags '-s -w -X main.version=$(VERSION)'

.PHONY: run build test race cover lint fuzz bench torture dist man clean

run: build
	@go build -o bin/run ./scripts/run
	@exec bin/run public_html bin/vpm.cgi

build:
	@$(GOBUILD) -o bin/vpm.cgi ./cgi
	@$(GOBUILD) -o bin/vpm ./fcgi

test:
	@scripts/setup
	go test -timeout 20m ./...

# The tests of PACKAGES, with the race detector in them and in the programs that they start.
PACKAGES ?= ./...
race:
	@scripts/setup
	@scripts/race $(PACKAGES)

# How much of core the tests of PACKAGES run, and what not.
cover:
	@scripts/setup
	@go run ./scripts/cover $(PACKAGES)

lint:
	@scripts/lint

# Each fuzz target for FUZZTIME (5m).
fuzz:
	@scripts/fuzz

bench:
	@scripts/setup
	go run ./scripts/bench

# Ten minutes of all that can go wrong, on both databases. TORTURE_SEED repeats the choices of a run, and RACE=true has the race
# detector in vpm.
DURATION ?= 10m
TORTURE_SEED ?= 0
RACE ?= false
torture:
	@scripts/setup
	@go build -o bin/torture ./scripts/torture
	@exec bin/torture -duration '$(DURATION)' -seed '$(TORTURE_SEED)' -race='$(RACE)'

DIST ?= dist
ONLY ?= # linux-amd64, say: only for that kind of host
dist: export VERSION := $(VERSION)
dist:
	@go run ./scripts/dist -o '$(DIST)' -only '$(strip $(ONLY))'

# Man pages and shell completions, made from the commands themselves.
MAN ?= dist/man
man:
	@go run -tags man -ldflags '-X main.version=$(VERSION)' ./fcgi man '$(MAN)'
	@for shell in bash zsh fish; do go run ./fcgi completion $$shell > '$(MAN)/vpm.'$$shell || exit 1; done

clean:
	rm -rf bin dist
