# `make run` starts Portico, `make test` proves it. Each sets up what it needs, from nothing.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
WORKERS := 2
BENCH := .venv-bench
BENCH_INSTALLED := $(BENCH)/.installed
LOCK = $(BIN)/uv pip compile pyproject.toml --group build --universal --python-version 3.11 \
	--generate-hashes --no-header --no-emit-index-url --quiet

.PHONY: run test prove bench bench-dead-letters hostile fuzz install lint format lock proto release-protos docs chaos clean

run: install
	$(BIN)/portico up $(ARGS)

test: install lint
	@scripts/ensure-packages rabbitmq-server curl chromium
	$(BIN)/pytest --numprocesses $(WORKERS) --dist worksteal $(ARGS)

# Fails on a lost record, or on a ratio that fell by more than a fifth of its baseline. For a CI job of its own.
prove: install $(BENCH_INSTALLED)
	@scripts/ensure-packages rabbitmq-server
	$(BIN)/python -m chaos $(ARGS)
	$(BIN)/python -m bench --check --folder build/benchmarks

# Faults under load, and the proof that nothing was lost: `make chaos ARGS="--list"`, `ARGS="--seed 7 --rounds 4"`.
chaos: install
	@scripts/ensure-packages rabbitmq-server
	$(BIN)/python -m chaos $(ARGS)

# Portico beside its peers and its limits: docs/benchmarks. `make bench ARGS=--full` takes up to 20 minutes.
bench: install $(BENCH_INSTALLED)
	@scripts/ensure-packages rabbitmq-server
	$(BIN)/python -m bench $(ARGS)

# 100,000 dead letters: their pages, and a bulk replay beside ingestion. For hours on a busy machine:
# `ARGS="--letters 10000"`.
bench-dead-letters: install
	$(BIN)/python -m bench.dead_letters $(ARGS)

$(BENCH_INSTALLED): bench/requirements.lock bench/peers/node/package-lock.json
	@command -v node >/dev/null && command -v npm >/dev/null || scripts/ensure-packages nodejs npm
	@scripts/create-venv $(BENCH)
	$(BENCH)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement bench/requirements.lock
	@mkdir -p $(BENCH)/node
	cp bench/peers/node/package.json bench/peers/node/package-lock.json $(BENCH)/node
	npm ci --prefix $(BENCH)/node --omit-lockfile-registry-resolved --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# Clients who mean harm: docs/benchmarks/hostile.md. `make hostile ARGS="--share 0.05"` takes two minutes;
# with `--stack production` it attacks a gateway, an ingestor, RabbitMQ and a MongoDB server instead of `portico up`.
hostile: install
	$(BIN)/python -m bench.hostile $(ARGS)

fuzz: install
	$(BIN)/python -m bench.hostile --only fuzz $(ARGS)

install: $(INSTALLED)

$(INSTALLED): pyproject.toml requirements.lock
	@echo "Setting up $(VENV): some minutes the first time, nothing after that."
	@scripts/create-venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The exact versions and hashes of everything that is installed: for development, and for the image.
lock: install
	$(LOCK) --all-extras --output-file requirements.lock
	$(LOCK) --output-file requirements-production.lock
	$(BIN)/uv pip compile bench/requirements.in --constraint requirements.lock --universal \
		--python-version 3.11 --generate-hashes --no-header --no-emit-index-url --quiet \
		--output-file bench/requirements.lock

proto: install
	$(BIN)/python -m gateway.grpc.generate

# What is released from now on, for the test that nothing released is ever changed.
release-protos: install
	$(BIN)/pytest -q tests/grpc/test_compatibility.py
	$(BIN)/python -m gateway.grpc.generate tests/grpc/released/portico_v1.binpb

docs: install
	$(BIN)/python -m cli.settings_reference > docs/configuration.md.new
	mv docs/configuration.md.new docs/configuration.md

# What `make` and the tools wrote. The data of `portico up`, in .portico, stays.
clean:
	rm -rf $(VENV) $(BENCH) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
