# make demo · make test · make lint · make trial · make bench. Each makes what it needs by itself, and quickly when
# nothing changed. ARGS goes to the program: make demo ARGS="--exit --json"; make test ARGS="-k intake".

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
MANIFESTS := pyproject.toml constraints.txt requirements-dev.txt \
	contracts/pyproject.toml connectors/pyproject.toml services/pyproject.toml

.PHONY: help demo test test-unit lint format trial bench kafka postgis foreign clean

help:
	@echo "make demo       a town with eight organisations on local Kafka, live in this terminal (Ctrl-C ends it)"
	@echo "make test       all tests, on a real broker and on SQLite and PostGIS"
	@echo "make test-unit  the tests that need no server: seconds"
	@echo "make lint       ruff, mypy --strict, the direction of imports"
	@echo "make trial      real road works through the whole way, on SQLite and PostGIS; then every set of real data"
	@echo "make bench      figures: the fold into the view, all pairs from nothing, the delay to the view and to a webhook, a connector's rows a second"

.venv/.installed: $(MANIFESTS)
	@echo "Preparing .venv (Python packages, versions as in constraints.txt) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Meekoppel needs Python 3.11 or newer; set PYTHON=")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt \
		--editable 'contracts[tools]' --editable 'connectors[all]' --editable 'services[demo,export]' --requirement requirements-dev.txt
	@touch $@

kafka: .venv/.installed
	@$(BIN)/meekoppel kafka fetch

postgis: .venv/.installed
	@bash deploy/install-postgis.sh

# What is not ours, and reads our events or gives us plans: Node's packages, kcat, a schema registry, feature services.
foreign: .venv/.installed
	@bash deploy/install-node.sh
	@bash deploy/install-kcat.sh
	@PYTHON=$(PYTHON) bash deploy/install-pygeoapi.sh
	@bash deploy/install-mapserver.sh
	@$(BIN)/python -m tests.apicurio

demo: .venv/.installed
	@$(BIN)/meekoppel demo $(ARGS)

test: kafka postgis foreign
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

test-unit: .venv/.installed
	$(BIN)/python -m pytest --numprocesses 2 -m "not kafka and not postgis and not foreign and not slow" $(ARGS)

lint: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

trial: postgis
	@$(BIN)/python -m tests.trials.highways_england $(ARGS)
	@$(BIN)/python -m tests.trials.all_sources

bench: postgis
	@$(BIN)/python -m tests.benchmarks.fold $(ARGS)
	@$(BIN)/python -m tests.benchmarks.growth
	@$(BIN)/python -m tests.benchmarks.match
	@$(BIN)/python -m tests.benchmarks.rebuild
	@$(BIN)/python -m tests.benchmarks.latency
	@$(BIN)/python -m tests.benchmarks.delay $(ARGS)
	@$(BIN)/python -m tests.benchmarks.connector
	@$(BIN)/python -m tests.benchmarks.query

clean:
	rm -rf .venv tests/node/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
