# make run    the whole platform in one process tree (PORT, DATA)      make test   everything a change must pass
# make bench  figures as ratios in one run (FULL=1: at full size)      make tour   the scripted tour on RabbitMQ and PostgreSQL
# make tour-levels a city and a province, each a deployment of its own: cases, files and answers cross over TLS, also with the link cut
# make integrators   the platform on a private RabbitMQ, for the README's walk-through (PORT, BROKER_PORT)
# make faults everything dies everywhere, nothing is lost or doubled (CASES=10000, SEED=, ONLY=, BREAK=)
PYTHON ?= python3
# Kept bytecode makes a process start a second sooner, and the tests start hundreds.
unexport PYTHONDONTWRITEBYTECODE
VENV := .venv
BIN := $(VENV)/bin
FRONTEND := $(shell git ls-files gateway/frontend 2>/dev/null)

.PHONY: run test fast lint bench integrators tour tour-levels faults tck clean

run: $(VENV)/.ready
	@exec $(BIN)/python app.py run

test: lint servers
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

fast: $(VENV)/.ready-dev
	$(BIN)/python -m pytest -n auto -m "not slow and not broker and not postgres and not browser"

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python app.py check bpmn
	$(BIN)/python app.py scenarios bpmn --least 100

.PHONY: servers
servers: $(VENV)/.ready-dev
	$(BIN)/python -m tests.servers.install

bench: servers
	$(BIN)/python -m tests.benchmarks $(if $(FULL),--full) $(PART)

integrators: servers
	@exec $(BIN)/python -m tests.walkthrough

tour: servers
	$(BIN)/python -m tests.tour $(if $(SCENARIOS),--scenarios $(SCENARIOS)) $(if $(SEED),--seed $(SEED))

tour-levels: servers
	$(BIN)/python -m tests.levels $(if $(ONLY),--only $(ONLY))

faults: servers
	$(BIN)/python -m tests.faults --cases $(or $(CASES),10000) $(if $(SEED),--seed $(SEED)) $(if $(BREAK),--break $(BREAK)) \
		$(foreach each,$(ONLY),--only $(each))

tck: $(VENV)/.ready-dev
	$(BIN)/python -m tests.tck.run $(or $(TCK),../shared/tck) $(if $(VERBOSE),--verbose)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# An editable install builds the browser bundles (gateway/frontend/hatch_build.py), Node included.
$(VENV)/.ready: pyproject.toml $(FRONTEND) | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

$(VENV)/.ready-dev: pyproject.toml $(FRONTEND) | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -e ".[dev]"
	@touch $@ $(VENV)/.ready

clean:
	rm -rf $(VENV) gateway/static/vendor gateway/frontend/node_modules
