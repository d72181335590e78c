# One word each. `make demo` and `make test` are all a newcomer needs.
PYTHON ?= python3
# PyTorch's CPU index, where the default one brings CUDA: make demo TORCH_INDEX=<index>
TORCH_INDEX ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install demo test check format lint types contracts nightly peers screenshots clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing tapedeck into $(VENV) (torch is large; the first time takes a minute or two)…" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==2.13.0
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(STAMP)

demo: install
	@$(BIN)/tapedeck demo

# Tests start the program hundreds of times: let it keep what it has compiled.
test nightly: export PYTHONDONTWRITEBYTECODE =

test: install
	@$(BIN)/python -m pytest -m 'not nightly'

check: install format lint types contracts test

format: install
	@$(BIN)/ruff format app tests

lint: install
	@$(BIN)/ruff format --check app tests
	@$(BIN)/ruff check app tests

types: install
	@$(BIN)/mypy

contracts: install
	@$(BIN)/lint-imports --config pyproject.toml

nightly: install
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt '.[fuzz]'
	@HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest -m 'nightly or not nightly'

peers: .venv-peers/.installed

.venv-peers/.installed:
	@$(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check orjson msgspec websockets aiohttp numpy pandas \
		vectorbt backtesting TA-Lib
	@touch $@

screenshots: install
	@$(BIN)/python -m app.bench.screenshots docs/pictures

clean:
	@rm -rf $(VENV) .venv-peers dist build .mypy_cache .ruff_cache .pytest_cache
