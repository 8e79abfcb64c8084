# The short names of the long commands. `make` alone lists them.
#
# The real interface is pyinfra's own:  pyinfra inventories/production.py deploys/site.py

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
PYINFRA := $(VENV)/bin/pyinfra
INVENTORY ?= inventories/lab.py
LIMIT ?=
TIERS ?=
BENCH ?=
comma := ,
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
ONLY := $(if $(LIMIT),--limit $(LIMIT))

.PHONY: help lab lab-down plan deploy preflight verify test bench bench-gateway bench-site soak lint format

help:            ## List what there is to run
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

lab: $(VENV)     ## Start the lab on this machine and deploy the whole site on it
	@$(PYINFRA) -y @local deploys/lab.py
	@$(PYINFRA) -y inventories/lab.py deploys/site.py
	@$(VENV)/bin/python -m deploys.lab_guide

lab-down: $(VENV) ## Take the lab away, with everything it left on this machine
	@$(PYINFRA) -y @local deploys/lab_down.py

preflight: $(VENV) ## List what would stop a deploy, over all hosts, without changing any
	@$(PYINFRA) -y $(INVENTORY) deploys/preflight.py $(ONLY)

plan: $(VENV)    ## Show what a deploy would change, with differences: make plan INVENTORY=…
	@$(PYINFRA) --dry --diff $(INVENTORY) deploys/site.py $(ONLY)

deploy: $(VENV)  ## Deploy the site: make deploy INVENTORY=inventories/production.py [LIMIT=…]
	@$(PYINFRA) -y $(INVENTORY) deploys/site.py $(ONLY)

verify: $(VENV)  ## Prove that the hosts of an inventory behave: make verify INVENTORY=…
	@INVENTORY=$(INVENTORY) $(VENV)/bin/pytest tests/hosts

test: $(VENV) .venv-sslyze .venv-gateway ## Run every tier of tests, on the lab (started if it is not up)
	@$(if $(SUDO),$(SUDO) --preserve-env=LAB_SUITE$(comma)LAB_MIRROR$(comma)CI) $(VENV)/bin/python -m tests.run $(TIERS)

bench: $(VENV) $(if $(findstring --ansible,$(BENCH)),.venv-ansible) ## Measure it beside plain ssh and apt-get: make bench [BENCH="--ansible"]
	@$(VENV)/bin/python -m tests.bench $(BENCH)

bench-gateway: $(VENV) .venv-gateway ## Measure the gateway beside nginx and Caddy, in one run
	@$(PYINFRA) -y --data benchmarks=true @local tests/controller.py
	@.venv-gateway/bin/pip install --quiet --disable-pip-version-check --require-hashes -r gateway/requirements-benchmark.lock
	@.venv-gateway/bin/python gateway/benchmarks

soak: $(VENV) .venv-gateway ## Put ten minutes of everything that can go wrong on the gateway, and see what is left
	@$(PYINFRA) -y @local tests/controller.py
	@.venv-gateway/bin/python gateway/soak

bench-site: $(VENV) ## Measure the lab's site at 1,000 requests a second
	@$(VENV)/bin/python -m tests.rate

lint: $(VENV)    ## Check style and types
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy

format: $(VENV)  ## Put the code into its one format
	@$(VENV)/bin/ruff check --fix .
	@$(VENV)/bin/ruff format .

# One virtual environment of our own, made from the lock file: every name, version and hash is fixed.
$(VENV): $(VENV)/.complete
$(VENV)/.complete: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON): install Python 3.11 or newer (apt-get install python3)."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11: give a newer one, e.g. make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || $(SUDO) apt-get install -y --no-install-recommends python3-venv
	@echo "Installing the Python packages of requirements.lock into $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: -r requirements.lock
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# sslyze needs other versions of what we have, so it has an environment of its own.
.venv-sslyze: .venv-sslyze/.complete
.venv-sslyze/.complete: tests/hosts/sslyze.lock
	@echo "Installing sslyze for the tests …"
	@$(PYTHON) -m venv .venv-sslyze
	@.venv-sslyze/bin/pip install --quiet --disable-pip-version-check --require-hashes -r tests/hosts/sslyze.lock
	@touch $@

# Only for comparison, where it is asked for.
.venv-ansible: .venv-ansible/.complete
.venv-ansible/.complete: tests/bench/ansible.lock
	@echo "Installing Ansible and Mitogen for the comparison …"
	@$(PYTHON) -m venv .venv-ansible
	@.venv-ansible/bin/pip install --quiet --disable-pip-version-check --require-hashes -r tests/bench/ansible.lock
	@touch $@

# The gateway is a package of its own, with versions of its own.
.venv-gateway: .venv-gateway/.complete
.venv-gateway/.complete: gateway/requirements-test.lock gateway/pyproject.toml
	@echo "Installing the gateway and what its tests need into .venv-gateway …"
	@$(PYTHON) -m venv .venv-gateway
	@.venv-gateway/bin/pip install --quiet --disable-pip-version-check --require-hashes -r gateway/requirements-test.lock
	@.venv-gateway/bin/pip install --quiet --disable-pip-version-check --no-deps --editable gateway
	@touch $@
