# Everything is set up by the target that needs it; `make` alone lists what there is.
#
# .venv     the suite, its tests and the local AWS (requirements-dev.lock)
# .venv-sam SAM CLI and cfn-lint (requirements-sam.lock): SAM CLI and the local AWS pin different
#           botocore versions, so they cannot share one
# .build/chromium where the browser is that `make test` drives (CHROMIUM names one)

PYTHON ?= python3
SEEDS ?= 500
export PYTHON CHROMIUM

# SAM CLI asks for a region even where it calls nothing, and reports home unless told not to.
SAM := AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam

# For `sam build`: what the artifacts run on. The wheels in requirements.lock exist for it; an empty
# LAMBDA_PLATFORM means this machine.
LAMBDA_PYTHON ?= 3.11
LAMBDA_PLATFORM ?= x86_64-manylinux2014
export LAMBDA_PYTHON LAMBDA_PLATFORM

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test coverage check bench simulate sandbox sam-build lock clean setup

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

setup: .venv/.ready .venv-sam/.ready ## both virtual environments, from the locks

run: .venv/.ready ## the whole suite on this machine; ONCE=1 ends after the summary, CATALOG=file.csv
	@exec .venv/bin/python -m local $(if $(ONCE),--once) $(if $(CATALOG),--catalog "$(CATALOG)")

test: .venv/.ready .venv-sam/.ready .build/chromium ## every test
	$(PYTEST) $(TWO_AT_ONCE) $(WITHOUT_STACKS)
	$(PYTEST) $(TWO_AT_ONCE) tests/deployed tests/browser -m "not alone"
	$(PYTEST) tests/deployed tests/browser -m alone
PYTEST := .venv/bin/python -m pytest
# Each begins at another end, and takes from the other's rest when it is done; of deployed stacks each has its own.
TWO_AT_ONCE := --numprocesses 2 --dist worksteal
WITHOUT_STACKS := --ignore tests/deployed --ignore tests/browser

# Apart, because measuring takes half as long again as the tests themselves.
coverage: .venv/.ready .venv-sam/.ready ## the lines that the tests without a stack do not reach
	$(PYTEST) $(TWO_AT_ONCE) $(WITHOUT_STACKS) --cov --cov-report=term:skip-covered

check: .venv/.ready .venv-sam/.ready ## format, lint, types, import contracts, template
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv-sam/bin/cfn-lint template.yaml
	$(SAM) validate --lint

bench: .venv/.ready ## the figures of docs/bench.md, printed and stored
	.venv/bin/python -m bench

simulate: .venv/.ready ## SEEDS=n simulated worlds of items and customers, as many of payments and of imports
	.venv/bin/python -m tests.simulation --seeds $(SEEDS)
	.venv/bin/python -m tests.simulation --payments --seeds $(SEEDS)
	.venv/bin/python -m tests.simulation --imports --seeds $(SEEDS)

sandbox: .venv/.ready ## the sandbox providers alone
	.venv/bin/python -m sandbox

sam-build: .venv/.ready .venv-sam/.ready ## the Lambda artifacts, in .aws-sam/build
	$(SAM) build

lock: .venv/.ready ## compile the three locks again
	.venv/bin/uv pip compile --quiet $(LOCK_OPTIONS) pyproject.toml --group dev -o requirements-dev.lock
	.venv/bin/uv pip compile --quiet $(LOCK_OPTIONS) pyproject.toml -c requirements-dev.lock -o requirements.lock
	.venv/bin/uv pip compile --quiet $(LOCK_OPTIONS) --group sam -o requirements-sam.lock
LOCK_OPTIONS := --generate-hashes --no-emit-index-url --python-version 3.11

clean: ## remove what was built, stored locally and installed
	rm -rf .aws-sam .build .local .venv .venv-sam .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

.venv/.ready: requirements-dev.lock infra/setup-venv.sh
	@infra/setup-venv.sh .venv requirements-dev.lock
	@touch $@

.venv-sam/.ready: requirements-sam.lock infra/setup-venv.sh | .venv/.ready
	@infra/setup-venv.sh .venv-sam requirements-sam.lock
	@touch $@

.build/chromium: infra/setup-browser.sh
	@mkdir -p $(@D)
	@infra/setup-browser.sh $@

# `sam build` calls build-<LogicalId> for each function of template.yaml, with ARTIFACTS_DIR set.
build-ApiFunction build-SyncCustomersFunction build-SyncItemsFunction build-SyncInvoicesFunction build-SyncPaymentsFunction build-ScheduleSyncsFunction build-RefreshTokenFunction \
  build-RelayChangesFunction build-ReportFailuresFunction build-ImportFilesFunction:
	@infra/build-function.sh $@ "$(ARTIFACTS_DIR)"
