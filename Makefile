# make check   run the main job on the shipped example        make test   run the tests
# make bench   measure the sweep, and prove it against brute force        make lint   style, types, drift

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXAMPLE := examples/two-slot
READY := $(VENV)/.ready

.PHONY: check test bench lint clean

check: $(READY)
	@$(BIN)/python examples/build_images.py $(EXAMPLE)
	@$(BIN)/otaproof check $(EXAMPLE) || test $$? -eq 1  # 1: a claim is violated, which is a result

test: $(READY)
	$(BIN)/python -m pytest -n auto

bench: $(READY)
	$(BIN)/python -m otaproof.campaign.bench

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -m drift

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade --constraint constraints.txt pip setuptools
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]' \
	    --config-settings editable_mode=strict
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
