# With Python 3.11 or newer, make and a package index, every target below works on a fresh clone.

PYTHON ?= python3
VENV   ?= .venv
EXAMPLE = examples/two-slot

BIN   := $(VENV)/bin
TOOLS := $(VENV)/.tools
READY := $(VENV)/.ready
# With a dot behind each, as one room has the name of a target.
ROOMS := $(patsubst %/__init__.py,%/.,$(filter-out build/%,$(wildcard */__init__.py */*/__init__.py */*/*/__init__.py)))

LOCK     := requirements.lock
# What action.yml and Dockerfile install.
CORE     := requirements-core.lock
PIP      := $(BIN)/python -m pip install
UV       := $(BIN)/uv --no-config
SYSTEMS  := x86_64-manylinux_2_28 aarch64-manylinux_2_38 aarch64-apple-darwin x86_64-pc-windows-msvc
EDITABLE := --config-settings editable_mode=strict --editable .
# Some tests of each direct dependency, as run at the ends of the ranges.
RANGE       := $(VENV)/range
RANGE_TESTS := tests/cli tests/diagrams tests/proofs/test_certificates.py tests/proofs/test_crc_lemmas.py \
               tests/proofs/test_machine_code.py tests/proofs/test_second_solver.py tests/binary/test_rv32_decoder.py \
               tests/binary/test_isa_against_emulator.py tests/house/test_light_core.py
QUIETLY  := > $(VENV)/install.log 2>&1 || { cat $(VENV)/install.log >&2; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help check test test-thorough test-lowest test-highest fuzz-inputs interrupts bench sweeps lint lock tools docs diagrams verdicts remedies selector dist clean

help:
	@echo "make check        cut the power everywhere in the update of $(EXAMPLE), and say what that breaks"
	@echo "make test         run the tests"
	@echo "make test-thorough"
	@echo "                  run those that take longer: proofs of all kinds of devices, whole campaigns"
	@echo "make test-lowest, make test-highest"
	@echo "                  run a part of them with the oldest, or the newest, versions that pyproject.toml allows"
	@echo "make fuzz-inputs  feed ten million made-up inputs to every decoder; FUZZ=--inputs 100000 for fewer"
	@echo "make interrupts   end each long command at 200 random moments (hours), and look at what is left"
	@echo "make bench        measure the sweep against brute force, random histories, and the search against SPIN"
	@echo "make sweeps       cut the power at a billion points of updates of real size, on each kind of device, and explain"
	@echo "                  what that breaks (minutes)"
	@echo "make lint         style, strict types, import contracts, and whether what is generated still fits its source"
	@echo "make lock         write $(LOCK) anew for the ranges of pyproject.toml (UPGRADE=--upgrade: the newest versions)"
	@echo "make docs         make the pages of docs/spec anew, and build them as a site in build/site"
	@echo "make diagrams     draw diagrams/drawn anew"
	@echo "make verdicts     find and decide anew the shipped invariants and verdicts of models that changed (all: an hour)"
	@echo "make remedies     decide anew which remedies make which claims hold, for models that changed (all: half an hour)"
	@echo "make selector     build the selector's C, drive it beside the board over a million random histories (an hour), prove"
	@echo "                  its core at each level of optimisation, and print what it costs"
	@echo "make dist         build the wheel, the source distribution and the bill of materials (CycloneDX) in dist"
	@echo "make clean        remove $(VENV) and what builds leave"
	@echo "make help         print this"

# Exit code 1 is a result, a claim is violated; anything above is a failure.
check: $(READY)
	@$(BIN)/python examples/build_images.py $(EXAMPLE)
	@$(BIN)/otaproof check $(EXAMPLE) || test $$? -eq 1

test: $(READY)
	$(BIN)/python -m pytest -n auto

test-thorough: $(READY)
	$(BIN)/python -m pytest -n auto -m "thorough and not slow and not drift"

fuzz-inputs: $(READY)
	$(BIN)/python tests/fuzzing/long_run.py $(FUZZ)

interrupts: $(READY)
	$(BIN)/python tests/signal_trials.py --moments 200

bench: $(READY)
	$(BIN)/python -m otaproof.campaign.upgrade.sweep_bench
	$(BIN)/python -m otaproof.campaign.fuzz.fuzz_bench
	$(BIN)/python -m otaproof.proofs.search_bench

# Their versions are others than the lock's, so what is generated from the locked ones is left out.
test-lowest: RESOLUTION := lowest-direct
test-highest: RESOLUTION := highest
test-lowest test-highest: dist
	$(UV) venv --quiet --clear --python $(BIN)/python $(RANGE)
	$(UV) pip install --quiet --python $(RANGE)/bin/python --resolution $(RESOLUTION) --requirement pyproject.toml --extra dev
	$(UV) pip install --quiet --python $(RANGE)/bin/python --no-deps dist/*.whl
	$(UV) pip list --python $(RANGE)/bin/python
	$(RANGE)/bin/python -m pytest -q $(RANGE_TESTS)

sweeps: $(READY)
	$(BIN)/python -m otaproof.analysis.many_sweeps

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy --cache-dir $(VENV)/.mypy_cache
	$(BIN)/mypy --cache-dir $(VENV)/.mypy_cache tests docs selector
	$(BIN)/python -m pytest -q -m drift

# The lock is one file for all supported systems; that each has a file to install is looked at without installing.
lock: $(READY)
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --all-extras --group tools \
	    --custom-compile-command "make lock" $(UPGRADE) --output-file $(LOCK) pyproject.toml
	$(BIN)/python docs/locked_part.py --build > $(CORE)
	@for system in $(SYSTEMS); do for python in 3.11.9 3.12 3.13; do \
	    MACOSX_DEPLOYMENT_TARGET=15.0 $(UV) pip install --quiet --dry-run --require-hashes --requirement $(LOCK) \
	        --only-binary :all: --no-binary esptool --target $(VENV)/nothing \
	        --python-platform $$system --python-version $$python || exit; \
	    echo "$$system, Python $$python: all locked files are there"; \
	done; done

docs: $(READY)
	$(BIN)/python docs/build_spec.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "open build/site/index.html"

diagrams: $(READY)
	$(BIN)/otaproof diagram all --out diagrams/drawn --renderer graphviz-pure

verdicts: $(READY)
	$(BIN)/python -m otaproof.analysis.invariant_file proofs/prover/found_invariants.json
	$(BIN)/python -m otaproof.analysis.verdict_file analysis/verdicts.json

remedies: $(READY)
	$(BIN)/python -m otaproof.analysis.remedy_file analysis/remedies.json

selector: $(READY)
	$(BIN)/python -m pytest -q -n auto -m "slow or not slow" tests/selector tests/impl/test_turn_*.py
	PYTHONPATH=tests $(BIN)/python tests/selector_objects.py build/selector
	@for core in build/selector/*.o; do \
	    test ! -e $$core || $(BIN)/otaproof binary prove $$core --core --slots 3 --factory || exit; \
	done
	PYTHONPATH=tests $(BIN)/python tests/selector_sizes.py
	PYTHONPATH=tests $(BIN)/python tests/selector_costs.py

# The wheel is built from the source distribution, so it has nothing that earlier builds left behind.
dist: $(READY)
	rm -rf dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/python docs/build_sbom.py dist

# pip and setuptools first, so that the locked ones build what has no wheel.
tools: $(TOOLS)

$(TOOLS): $(LOCK)
	@echo "== install into $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "want Python 3.11 or newer: make PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)
	@awk '/^[a-z]/ { wanted = /^(pip|setuptools)==/ } wanted' $(LOCK) > $(VENV)/first.lock
	@$(PIP) --require-hashes --requirement $(VENV)/first.lock $(QUIETLY)
	@$(PIP) --require-hashes --no-build-isolation --requirement $(LOCK) $(QUIETLY)
	@touch $@

# A strict editable install has a link for each module, so a room that gains or loses one is installed again, and so is
# all when the links are gone: they lie in build/. What mypy remembers of it is out of date then.
ifeq ($(wildcard build/__editable__.otaproof-*),)
.PHONY: $(READY)
endif
$(READY): $(TOOLS) pyproject.toml $(ROOMS)
	@rm -rf $(VENV)/.mypy_cache build/__editable__.otaproof-*
	@$(PIP) --no-deps --no-build-isolation $(EDITABLE) $(QUIETLY)
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
