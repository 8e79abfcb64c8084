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
HOST ?=
BACK ?=
WHY ?=
export WHY
TIERS ?=
BENCH ?=
FILE ?=
DEBS ?=
PHASE ?=
SHA256 ?=
MIRROR ?=
export MIRROR
SINCE ?=
GREP ?=
UNIT ?=
OF ?=
REQUEST ?=
export SINCE GREP UNIT OF REQUEST
KEEP_PASSPHRASE_FILE ?=
SITE ?= staging
KEPT ?= $(HOME)/sites
WORKFLOWS ?= $(wildcard .github/workflows/*.yml)
comma := ,
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
ONLY := $(if $(LIMIT),--limit $(LIMIT))

# What the chosen tiers of tests need besides $(VENV); none chosen: all of them.
CHOSEN := $(or $(TIERS),unit site hosts smallest scenarios gateway)
ENVIRONMENTS := $(if $(filter hosts smallest,$(CHOSEN)),.venv-sslyze) $(if $(filter gateway,$(CHOSEN)),.venv-gateway)
LAB_SUDO := $(if $(SUDO),$(SUDO) --preserve-env=LAB_SUITE$(comma)LAB_MIRROR$(comma)CI)
AS_ROOT := $(if $(filter site hosts smallest scenarios,$(CHOSEN)),$(LAB_SUDO))

.PHONY: help lab lab-down plan deploy upgrade maintenance status open logs restore-drill keep unkeep check-data preflight bundle unbundle verify check dev test test-long soak bench bench-gateway bench-site bench-monitoring bench-encryption load-test lint readme workflows secrets secrets-known audit site-files format dashboards

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

keep: $(VENV)    ## Pack what only this machine has of a site into one encrypted file: make keep INVENTORY=…
	@$(PYINFRA) $(if $(KEEP_PASSPHRASE_FILE),--data keep_passphrase_file=$(KEEP_PASSPHRASE_FILE)) $(INVENTORY) deploys/keep.py

unkeep:          ## Make a new controller from such a file, in a clone of this repository: make unkeep FILE=…
	@[ -f "$(FILE)" ] || { echo "Say which file: make unkeep FILE=tracseq-production-….tar.gpg"; exit 1; }
	@umask 077; packed=$$(mktemp); trap 'rm -f "$$packed"' EXIT; \
		gpg --quiet $(if $(KEEP_PASSPHRASE_FILE),--batch --pinentry-mode loopback --passphrase-file $(KEEP_PASSPHRASE_FILE)) --decrypt "$(FILE)" > "$$packed" \
			|| { echo "$(FILE) was not unpacked: it is damaged, or this is not its passphrase."; exit 1; }; \
		for file in $$(tar --list --file "$$packed" | grep -E '^[.](env|state/.+/)'); do \
			[ ! -e "$$file" ] || { echo "$$file is here already, and nothing was unpacked: this machine is a controller. Move it away first."; exit 1; }; \
		done; \
		tar --extract --no-same-owner --file "$$packed"; cat .state/kept; \
		echo "Now: make check-data INVENTORY=…, and git diff to see what this site has of its own."

check-data: $(VENV) ## Check the data and secrets of a site, without connecting to any host
	@$(PYINFRA) $(INVENTORY) deploys/check_data.py

plan: $(VENV)    ## Show what a deploy would change, with differences: make plan INVENTORY=…
	@$(PYINFRA) --dry --diff $(INVENTORY) deploys/site.py $(ONLY)

deploy: $(VENV)  ## Deploy the site: make deploy INVENTORY=inventories/production.py [LIMIT=…] [PHASE=1]
	@$(PYINFRA) -y $(if $(PHASE),--data phase=$(PHASE)) $(INVENTORY) deploys/site.py $(ONLY)

upgrade: $(VENV) ## Install security updates and boot where they ask for it, one host after the other: make upgrade INVENTORY=…
	@$(PYINFRA) $(INVENTORY) deploys/upgrade.py

maintenance: $(VENV) ## Take a host out so that it may be switched off, or put it back: make maintenance INVENTORY=… HOST=… [WHY=…] [BACK=1]
	@[ -n "$(HOST)" ] || { echo "Say which host: make maintenance INVENTORY=… HOST=pg2"; exit 1; }
	@$(PYINFRA) $(if $(BACK),--data back=true) $(if $(WHY),--data "why=$$WHY") $(INVENTORY) deploys/maintenance.py --limit $(HOST)

status: $(VENV)  ## Show how the whole site is, on one screen; ends with an error when anything is wrong
	@$(PYINFRA) $(INVENTORY) deploys/status.py $(ONLY)

open: $(VENV)    ## Show where all pages of a site are, and how to reach them from outside: make open INVENTORY=…
	@$(PYINFRA) $(INVENTORY) deploys/open.py

logs: $(VENV)    ## Show what all hosts wrote: make logs INVENTORY=… [SINCE=…] [GREP=…] [UNIT=…] [OF=host], or REQUEST=id
	@$(PYINFRA) $(if $(SINCE),--data "since=$$SINCE") $(if $(GREP),--data "grep=$$GREP") $(if $(UNIT),--data "unit=$$UNIT") \
		$(if $(OF),--data "of_host=$$OF") $(if $(REQUEST),--data "request=\"$$REQUEST\"") $(INVENTORY) deploys/logs.py

restore-drill: $(VENV) ## Restore the newest backup, prove it and throw it away: make restore-drill INVENTORY=…
	@$(PYINFRA) -y $(INVENTORY) deploys/restore_drill.py

bundle: $(VENV)  ## Put all that a site without internet needs into one file, in dist/: make bundle [INVENTORY=…] [DEBS="bookworm trixie"]
	@$(if $(filter command%,$(origin INVENTORY)),$(PYINFRA) $(INVENTORY) deploys/prepare_services.py,:)
	@$(VENV)/bin/python -m deploys.bundle dist $(DEBS)

unbundle:        ## Check such a file and unpack it into this clone: make unbundle FILE=… [SHA256=…]
	@$(PYTHON) -m deploys.unbundle "$(FILE)" . $(SHA256)

verify: $(VENV) .venv-sslyze ## Prove that the hosts of an inventory behave: make verify INVENTORY=…
	@INVENTORY=$(INVENTORY) $(VENV)/bin/pytest tests/hosts

check: $(VENV)   ## Check style, types, units and plans: as an ordinary user, without a lab, within a minute
	@$(VENV)/bin/python -m tests.run lint unit plan

dev: .venv-gateway ## Run the gateway alone on this machine, with a Postgres, a Redis and a service of its own
	@.venv-gateway/bin/python gateway/development

test: $(VENV) $(ENVIRONMENTS) ## Run every tier of tests, on the lab (started if it is not up): make test [TIERS="unit plan"]
	@$(AS_ROOT) $(VENV)/bin/python -m tests.run $(TIERS)

test-long: $(VENV) $(ENVIRONMENTS) $(if $(filter unit,$(CHOSEN)),.venv-audit) ## Run the repetitions and soaks that `make test` leaves out
	@$(AS_ROOT) $(VENV)/bin/python -m tests.run --long $(TIERS)

bench: $(VENV) $(if $(findstring --ansible,$(BENCH)),.venv-ansible) ## Measure it beside plain ssh and apt-get: make bench [BENCH="--ansible"]
	@$(VENV)/bin/python -m tests.bench $(BENCH)

bench-gateway: $(VENV) .venv-gateway ## Measure the gateway beside nginx and Caddy, in one run
	@$(PYINFRA) -y --data benchmarks=true @local tests/controller.py
	@.venv-gateway/bin/pip install --quiet --disable-pip-version-check --require-hashes -r gateway/requirements-benchmark.lock
	@.venv-gateway/bin/python gateway/benchmarks

soak: $(VENV) .venv-gateway ## Put ten minutes of everything that can go wrong on the gateway, and see what is left
	@$(PYINFRA) -y @local tests/controller.py
	@.venv-gateway/bin/python gateway/soak

bench-monitoring: $(VENV) ## Measure what it costs the lab to be watched over, beside the same without it
	@$(LAB_SUDO) $(VENV)/bin/python -m tests.bench.monitoring

bench-encryption: $(VENV) ## Measure what it costs the lab that every wire is encrypted, beside the same in plain text
	@$(LAB_SUDO) $(VENV)/bin/python -m tests.bench.encryption

bench-site: $(VENV) ## Measure the lab's site at 1,000 requests a second
	@$(VENV)/bin/python -m tests.rate

load-test: $(VENV) ## Ask a site at a constant rate: make load-test INVENTORY=… [RATE=1000] [SECONDS=10] [PATH_OF=/health]
	@$(VENV)/bin/python -m tests.load $(INVENTORY) $(if $(RATE),--rate $(RATE)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(PATH_OF),--path $(PATH_OF))

lint: $(VENV) workflows ## Check style and types
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/python -m deploys.settings.tables --check

readme: $(VENV)  ## Write README's tables anew, from the declarations of the roles
	@$(VENV)/bin/python -m deploys.settings.tables

dashboards: $(VENV) ## Write the dashboards to import into Grafana anew, from the list of panels
	@$(VENV)/bin/python -m deploys.controller.dashboards.grafana

workflows: $(VENV)
	@$(VENV)/bin/check-jsonschema --builtin-schema vendor.github-workflows $(WORKFLOWS)
	@$(VENV)/bin/check-jsonschema --builtin-schema custom.github-workflows-require-timeout $(WORKFLOWS)
	@$(VENV)/bin/zizmor --quiet --offline --persona=pedantic --strict-collection $(WORKFLOWS)

secrets: $(VENV) ## Look for secrets in the files that git keeps
	@$(VENV)/bin/python -m tests.audit.secrets

secrets-known: $(VENV) ## Take all that the scan finds now for no secret
	@$(VENV)/bin/detect-secrets scan --no-verify --slim --exclude-files '^\.secrets\.baseline$$' > .secrets.baseline.new
	@mv .secrets.baseline.new .secrets.baseline

audit: .venv-audit ## Ask for known faults of every locked package (needs the internet)
	@.venv-audit/bin/python tests/audit/dependencies.py

site-files: ## Link the secrets and the authority that this machine keeps of a site: make site-files SITE=staging
	@for file in .env.$(SITE) .state/$(SITE); do \
		[ -e "$(KEPT)/$$file" ] || { echo "There is no $(KEPT)/$$file: this machine keeps them there for its workflows (KEPT=…)."; exit 1; }; \
		mkdir -p "$$(dirname $$file)"; ln -sfn "$(KEPT)/$$file" $$file; \
	done

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
	@# Without a network, where a bundle was unpacked here that has all of it.
	@install="$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: -r requirements.lock"; \
		{ [ -d .cache/controller ] && $$install --no-index --find-links=.cache/controller 2>/dev/null; } || $$install
	@# A path instead of an editable installation, whose finder costs each start 30 ms.
	@pwd > "$$($(VENV)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/repository.pth"
	@touch $@

# sslyze needs other versions of what we have, so it has an environment of its own.
.venv-sslyze: .venv-sslyze/.complete
.venv-sslyze/.complete: tests/hosts/sslyze.lock
	@echo "Installing sslyze for the tests …"
	@$(PYTHON) -m venv .venv-sslyze
	@.venv-sslyze/bin/pip install --quiet --disable-pip-version-check --require-hashes -r tests/hosts/sslyze.lock
	@touch $@

# Only where the internet is: what it asks is there.
.venv-audit: .venv-audit/.complete
.venv-audit/.complete: tests/audit/pip-audit.lock
	@echo "Installing pip-audit …"
	@$(PYTHON) -m venv .venv-audit
	@.venv-audit/bin/pip install --quiet --disable-pip-version-check --require-hashes -r tests/audit/pip-audit.lock
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
