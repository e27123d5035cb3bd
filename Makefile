# Anju Hub. `make` alone lists what can be made. Every target does its own set-up.

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
UV ?= uv
ROUNDS ?= 1
HUBS ?= 500
CUTS ?= 500
KILLS ?= 500
PLAY ?= $(sort $(wildcard tests/scenarios/*.play))
PLAY_LANG ?= en

PY := $(VENV)/bin/python
FOLDERS := $(wildcard agent drivers local_rules sync tests hw-fixtures/emulators hw-fixtures/demo)
PYTEST := $(PY) -m pytest -q

export PYTHONPATH := $(CURDIR):$(CURDIR)/hw-fixtures:$(CURDIR)/hw-fixtures/emulators

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types tidy docs docs-check fmt unit serial play bench faults power-cut \
        network-faults test-brokers fleet mutate judge lock clean venv-demo venv-dev debian-test

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

demo: venv-demo ## Watch a home with five devices through a bad minute (DEMO_LANG=zh|en, DEMO_JSON=file)
	@$(PY) -m demo

test: unit serial ## Run every test
	@echo "All tests passed."

check: lint types tidy docs-check test ## Everything the build server runs, in its order

lint: venv-dev ## Find faults and foreign formatting (ruff)
	@$(PY) -m ruff check -q $(FOLDERS)
	@$(PY) -m ruff format -q --check $(FOLDERS)
	@echo "lint: clean"

types: venv-dev ## Check the types (mypy --strict)
	@$(PY) -m mypy $(FOLDERS)

tidy: venv-dev ## Check imports, purity, bans, names, sizes; list the longest files and functions
	@$(PY) -m tests.tidy

docs: venv-dev ## Write the documents that are generated from the program
	@$(PY) -m agent.cli.reference
	@$(PY) -m sync.contract
	@$(PY) -m agent.catalogue

docs-check: venv-dev ## Fail when a generated document is not what the program says
	@$(PY) -m agent.cli.reference --check
	@$(PY) -m sync.contract --check
	@$(PY) -m agent.catalogue --check

fmt: venv-dev ## Format the code
	@$(PY) -m ruff check -q --fix-only $(FOLDERS)
	@$(PY) -m ruff format -q $(FOLDERS)

unit: venv-dev debian-test ## Run the tests that may run side by side
	@echo "unit: tests side by side, $(JOBS) at a time"
	@$(PYTEST) -n $(JOBS) --dist loadfile -m "not serial"

serial: venv-dev debian-test ## Run the tests that need the machine to themselves
	@echo "serial: tests one after the other"
	@$(PYTEST) -m serial || [ $$? -eq 5 ]

play: venv-dev ## Play a story of a home and print what happened (PLAY=file, PLAY_LANG=zh|en)
	@$(PY) -m tests.scenarios --lang $(PLAY_LANG) $(PLAY)

bench: venv-dev debian-test ## Measure: one JSON line a figure
	@$(PY) -m tests.bench

faults: venv-dev debian-test ## Kill guard and link KILLS times, spoil the line: help must still come
	@$(PY) -m tests.faults --kills $(KILLS)
	@$(PY) -m tests.faults.network

network-faults: venv-dev debian-test ## Spoil the line to the broker in every way (ROUNDS=n, SEED=n)
	@$(PY) -m tests.faults.network --rounds $(ROUNDS) $(if $(SEED),--seed $(SEED))

fleet: venv-dev debian-test ## Restart the broker of HUBS hubs and see all come back, alarms first
	@$(PY) -m tests.faults.fleet --hubs $(HUBS) $(if $(SEED),--seed $(SEED))

test-brokers: venv-dev debian-test ## Run the uplink's tests on each broker that districts run
	@RUNLEVEL=1 .ci/apt-need rabbitmq-server || true
	@$(PY) -m tests.sync.brokers

power-cut: venv-dev ## Cut the power of the journal's disk CUTS times (root; says so where it cannot)
	@[ "$$(id -u)" -ne 0 ] || .ci/apt-need qemu-utils qemu-system-common e2fsprogs mount
	@$(PY) -m tests.faults.power_cut --cuts $(CUTS)

mutate: venv-dev ## Plant every small fault in the safety core and see a test fail (ONLY=patterns/threshold)
	@$(PY) -m tests.mutate --jobs $(JOBS) $(if $(ONLY),--only $(ONLY))

judge: venv-dev ## Have a second, unrelated Zigbee stack judge the emulated stick (needs npm)
	@PYTHON=$(abspath $(PY)) tests/emulators/herdsman/run

LOCKED := $(UV) pip compile -q --universal --generate-hashes --python-version 3.11 \
          --custom-compile-command "make lock" pyproject.toml

lock: ## Resolve the dependencies anew (needs uv); every lock has the versions of dev.lock
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: pipx install uv" >&2; exit 1; }
	@$(LOCKED) --upgrade --group dev -o requirements/dev.lock
	@$(LOCKED) --group demo -c requirements/dev.lock --no-annotate -o requirements/demo.lock
	@$(LOCKED) --group build -c requirements/dev.lock --no-annotate -o requirements/run.lock
	@wc -l requirements/*.lock

clean: ## Remove what was made, virtual environments included
	@rm -rf $(VENV) .venv-3.13 .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	@find $(FOLDERS) -name __pycache__ -type d -prune -exec rm -rf {} +

venv-demo:
	@.ci/setup $(VENV) $(PYTHON) demo

venv-dev:
	@.ci/setup $(VENV) $(PYTHON) dev

debian-test:
	@.ci/apt-need mosquitto
