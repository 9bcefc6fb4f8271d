# Targets for people have a help text after "##"; `make` without a target prints it.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
COMMIT   ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
# nomsgpack leaves gin's MessagePack codec out: nothing here uses it, and it adds 6 MB to a program.
TAGS     := nomsgpack
LDFLAGS  := -s -w -X tallygate/kit/build.version=$(VERSION) -X tallygate/kit/build.commit=$(COMMIT)
MODULES  := $(shell sed -n 's,^[[:space:]]*\./,,p' go.work)
PACKAGES := $(MODULES:%=./%/...)
SHIPPED  := $(patsubst ./deploy/...,./deploy/local,$(PACKAGES))
comma    := ,
space    := $(subst ,, )
# SQLite is translated from C to Go and keeps its memory outside Go's heap. The race detector finds nothing there, but it takes
# half of the tests' time.
NORACE   := modernc.org/sqlite/lib,modernc.org/libc,modernc.org/memory
FUZZTIME ?= 20s
DATA     ?= data
SECRET   ?= jwt
LINT     := bin/tools/golangci-lint
OASDIFF  := bin/tools/oasdiff
OAPIGEN  := bin/tools/oapi-codegen
H2SPEC   := bin/tools/h2spec
# What clients were promised with the last release, and what they get now.
RELEASED    ?= deploy/openapi/released.json
DESCRIPTION ?= gateway/internal/console/static/openapi.json

# All that is compiled is compiled in one way, and so only once: programs, tests, and what the linter looks at. The race detector needs
# another way: testrun sets it.
export GOFLAGS     := $(GOFLAGS) -trimpath
export CGO_ENABLED := 0

# GOWORK=off: each program is built with the versions in its own module's go.mod, like the images. A workspace may choose others.
GOBUILD = GOWORK=off $(GO) build -buildvcs=false -tags $(TAGS) -ldflags '$(LDFLAGS)'

.DEFAULT_GOAL := help
.PHONY: help build run up down logs rotate-secret pin test bench lint cross openapi openapi-check openapi-release schema-release examples fmt fuzz e2e chaos journeys screenshots soak measure release release-check units h2spec ci

help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-15s  %s\n", $$1, $$2 }' Makefile

build: ## build bin/auth-service, bin/math-service and bin/gateway
	@cd auth-service && $(GOBUILD) -o ../bin/ .
	@cd math-service && $(GOBUILD) -o ../bin/ .
	@cd gateway && $(GOBUILD) -o ../bin/ .
	@cd deploy && $(GOBUILD) -o ../bin/tools/ ./local

run: build ## build and start the three services on this machine; Ctrl-C stops them (PORT=8000)
	@exec bin/tools/local -command "make run" -bin bin -data "$(DATA)"

up: ## start the containers, wait until they are ready, print the address (PORT=8000)
	@exec deploy/compose.sh up

down: ## stop and remove the containers; users, usage and secrets stay
	@exec deploy/compose.sh down

logs: ## follow the containers' logs
	@exec deploy/compose.sh logs

rotate-secret: $(if $(filter compose,$(STACK)),,build) ## replace the secret that signs tokens; nobody is signed out (SECRET=internal|signing STACK=compose FORCE=1)
	@exec $(if $(filter compose,$(STACK)),deploy/compose.sh rotate "$(SECRET)",bin/auth-service secrets rotate "$(SECRET)" "$(DATA)/secrets") $(if $(FORCE),-force)

pin: ## pin the base images to the newest digests that the registry has
	@exec deploy/pin.sh

test: build ## run every test that this machine can run, and print what was skipped and why
	@TALLYGATE_BUILT=1 $(GO) run ./deploy/testrun -tags $(TAGS) -race $(subst $(space),$(comma),$(SHIPPED)) -norace $(NORACE) $(PACKAGES)

bench: build ## measure the gateway beside other proxies, and the services' hot paths
	@$(GO) run ./deploy/bench
	@$(GO) test -tags $(TAGS) -run '^$$' -bench . -timeout 30m ./auth-service/... ./gateway/... ./math-service/... | grep -v 'no test files'

lint: $(LINT) openapi-check ## check style, mistakes and imports in every module
	@for module in $(MODULES); do \
		(cd $$module && ../$(LINT) run --config ../.golangci.yml --build-tags $(TAGS),e2e,chaos,journeys,measure,units,soak,schema,h2spec ./...) || exit 1; \
	done

cross: ## compile for Windows, macOS and FreeBSD
	@for system in windows darwin freebsd; do \
		GOOS=$$system $(GO) list -tags $(TAGS) -export -deps $(SHIPPED) >/dev/null || exit 1; \
	done

openapi: ## join the services' OpenAPI files into the one that the gateway serves
	@$(GO) run ./deploy/openapi

examples: build ## record the examples of the OpenAPI description from real programs
	@TALLYGATE_BUILT=1 $(GO) test -tags $(TAGS) -count=1 -run TestEveryResponseIsAsDescribed ./deploy/test/described -update
	@$(MAKE) openapi

openapi-check: $(OASDIFF) ## fail if the OpenAPI description breaks clients of the last release
	@$(OASDIFF) breaking --color never --fail-on ERR --err-ignore deploy/openapi/accepted.txt $(RELEASED) $(DESCRIPTION)

openapi-release: openapi ## promise today's OpenAPI description: run it when a version is released
	@$(GO) run ./deploy/openapi -release
	@: > deploy/openapi/accepted.txt

schema-release: ## store databases of today's schema, from which later versions upgrade: run it when a version is released
	@$(GO) test -tags $(TAGS),schema -count=1 -run '^TestStoreTheSchema$$' ./auth-service/

fmt: $(LINT) ## format every Go file
	@for module in $(MODULES); do (cd $$module && ../$(LINT) fmt --config ../.golangci.yml) || exit 1; done

fuzz: ## run each fuzz target for FUZZTIME=20s
	@for package in $$($(GO) list $(PACKAGES)); do \
		for target in $$($(GO) test -tags $(TAGS) -list '^Fuzz' $$package | grep '^Fuzz'); do \
			$(GO) test -tags $(TAGS) -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package || exit 1; \
		done; \
	done

e2e: ## bring docker-compose.yml up as shipped and test the running stack
	@$(GO) test -tags $(TAGS),e2e -count=1 -timeout 20m -v ./deploy/test/compose/

chaos: build ## kill services again and again under load, and check that nothing is lost
	@TALLYGATE_BUILT=1 $(GO) test -tags $(TAGS),chaos -count=1 -timeout 20m ./deploy/test/chaos/

journeys: build ## go the ways of users through the console in Chromium; ARTIFACTS=FOLDER keeps the pictures
	@TALLYGATE_BUILT=1 $(GO) test -tags $(TAGS),journeys -count=1 -timeout 10m -run '^TestJourneys' $(if $(ARTIFACTS),-artifacts -outputdir $(abspath $(ARTIFACTS))) ./deploy/test/system/

screenshots: build ## take the picture of the console that README shows
	@TALLYGATE_BUILT=1 $(GO) test -tags $(TAGS),journeys -count=1 -run '^TestScreenshot$$' ./deploy/test/system -update

soak: build ## let everything run under a mixed load, and check that nothing grows (SOAK_DURATION=15m)
	@TALLYGATE_BUILT=1 $(GO) test -tags $(TAGS),soak -count=1 -timeout 0 -v ./deploy/test/soak/

measure: build ## measure revocation, guessing, imports and what one client can do to others; needs a quiet machine
	@$(GO) test -tags $(TAGS),measure -count=1 -timeout 60m -v ./deploy/test/measure/
	@$(GO) test -tags $(TAGS),measure -count=1 -timeout 40m -v -run '^TestMeasure' ./auth-service

units: build ## install, use and remove the Debian package and the units of systemd, in a systemd that the test boots; needs root
	@TALLYGATE_BUILT=1 $(GO) test -tags $(TAGS),units -count=1 -timeout 10m -v -run '^TestInstallations$$' ./deploy/test/units/

release: ## make the archives of a release in dist/, with checksums and bills of materials (VERSION=v1.2.3)
	@rm -rf dist
	@$(GO) run ./deploy/release -out dist -version "$(VERSION)" -commit "$(COMMIT)"

release-check: ## make the release in dist/ again, in another clone and with an empty cache, and compare the bytes
	@$(GO) run ./deploy/release -check -out dist -version "$(VERSION)" -commit "$(COMMIT)"

h2spec: build $(H2SPEC) ## check the gateway's HTTP/2 against h2spec, the strict part too
	@TALLYGATE_BUILT=1 $(GO) test -tags $(TAGS),h2spec -count=1 -run '^TestH2Spec$$' ./deploy/test/gateway/

ci: lint cross test h2spec chaos journeys ## run everything that CI runs
	@if docker info >/dev/null 2>&1; then $(MAKE) e2e; else echo "skipped  make e2e: no container engine runs here"; fi

$(LINT): deploy/tools/go.sum
	@echo "building the linter, once"
	@cd deploy/tools && GOWORK=off $(GO) build -o ../../bin/tools/ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(OASDIFF): deploy/tools/openapi/go.sum
	@echo "building oasdiff, once" >&2
	@cd deploy/tools/openapi && GOWORK=off $(GO) build -o ../../../bin/tools/ github.com/oasdiff/oasdiff

$(H2SPEC): deploy/tools/h2spec/go.sum
	@echo "building h2spec, once"
	@cd deploy/tools/h2spec && GOWORK=off $(GO) build -o ../../../bin/tools/ github.com/summerwind/h2spec/cmd/h2spec

$(OAPIGEN): deploy/tools/openapi/go.sum
	@echo "building oapi-codegen, once" >&2
	@cd deploy/tools/openapi && GOWORK=off $(GO) build -o ../../../bin/tools/ github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen
