# With Python 3.11 or newer, make and a package index, every target below works on a fresh clone.

PYTHON ?= python3
VENV   ?= .venv
EXAMPLE = examples/two-slot

BIN   := $(VENV)/bin
TOOLS := $(VENV)/.tools
READY := $(VENV)/.ready
SITE  := $(VENV)/.site
# With a dot behind each, as one room has the name of a target.
ROOMS := $(patsubst %/__init__.py,%/.,$(filter-out build/%,$(wildcard */__init__.py */*/__init__.py */*/*/__init__.py)))

PIP      := $(BIN)/python -m pip install
EDITABLE := --config-settings editable_mode=strict --editable .
QUIETLY  := > $(VENV)/install.log 2>&1 || { cat $(VENV)/install.log >&2; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help check test interrupts bench lint docs diagrams verdicts dist clean

help:
	@echo "make check       cut the power everywhere in the update of $(EXAMPLE), and say what that breaks"
	@echo "make test        run the tests"
	@echo "make interrupts  end each long command at 200 random moments (hours), and look at what is left"
	@echo "make bench       measure the sweep against brute force, and the search against SPIN"
	@echo "make lint        style, strict types, import contracts, and whether what is generated still fits its source"
	@echo "make docs        make the pages of docs/spec anew, and build them as a site in build/site"
	@echo "make diagrams    draw diagrams/drawn anew"
	@echo "make verdicts    decide anew the shipped verdicts of models that have changed (all: some half an hour)"
	@echo "make dist        build the wheel and the source distribution in dist"
	@echo "make clean       remove $(VENV) and what builds leave"
	@echo "make help        print this"

# Exit code 1 is a result, a claim is violated; anything above is a failure.
check: $(READY)
	@$(BIN)/python examples/build_images.py $(EXAMPLE)
	@$(BIN)/otaproof check $(EXAMPLE) || test $$? -eq 1

test: $(READY)
	$(BIN)/python -m pytest -n auto

interrupts: $(READY)
	$(BIN)/python tests/signal_trials.py --moments 200

bench: $(READY)
	$(BIN)/python -m otaproof.campaign.upgrade.sweep_bench
	$(BIN)/python -m otaproof.proofs.search_bench

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy --cache-dir $(VENV)/.mypy_cache
	$(BIN)/mypy --cache-dir $(VENV)/.mypy_cache tests docs
	$(BIN)/python -m pytest -q -m drift

docs: $(SITE)
	$(BIN)/python docs/build_spec.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "open build/site/index.html"

diagrams: $(READY)
	$(BIN)/otaproof diagram all --out diagrams/drawn --renderer graphviz-pure

verdicts: $(READY)
	$(BIN)/python -m otaproof.analysis.verdict_file analysis/verdicts.json

# The wheel is built from the source distribution, so it has nothing that earlier builds left behind.
dist: $(READY)
	$(BIN)/python -m build

$(TOOLS): pyproject.toml constraints.txt
	@echo "== install into $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "want Python 3.11 or newer: make PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --constraint constraints.txt --upgrade pip setuptools $(QUIETLY)
	@$(PIP) --constraint constraints.txt $(EDITABLE)'[dev]' $(QUIETLY)
	@touch $@

# A strict editable install has a link for each module, so a room that gains or loses one is installed again, and so is
# all when the links are gone: they lie in build/. What mypy remembers of it is out of date then.
ifeq ($(wildcard build/__editable__.otaproof-*),)
.PHONY: $(READY)
endif
$(READY): $(TOOLS) $(ROOMS)
	@rm -rf $(VENV)/.mypy_cache build/__editable__.otaproof-*
	@$(PIP) --no-deps --no-build-isolation $(EDITABLE) $(QUIETLY)
	@touch $@

# What builds the site is installed when it is first asked for.
$(SITE): pyproject.toml constraints.txt | $(READY)
	@$(PIP) --constraint constraints.txt --no-build-isolation $(EDITABLE)'[docs]' $(QUIETLY)
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
