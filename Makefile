# demo and test do all set-up themselves: all they need is make and Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin
# Compiled once, and not whenever a process of the tests starts where no bytecode may be written.
INSTALL := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt

.PHONY: demo test lint bench mutants clean

demo: .venv/demo-ready
	$(BIN)/feint audit

# One thread for each of the two workers: more would wait for each other. Which tests stay together is in conftest.py.
test: .venv/dev-ready
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: .venv/dev-ready
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports

bench: .venv/dev-ready
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

# Faults put into the code one at a time, and which of them the suite does not see; no part of CI.
mutants: .venv/dev-ready
	$(INSTALL) --editable '.[mutants]'
	OMP_NUM_THREADS=1 $(BIN)/python tests/mutants/run.py

clean:
	rm -rf .venv

.venv/demo-ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "feint needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt uv
	$(INSTALL) --editable .
	touch $@

.venv/dev-ready: .venv/demo-ready
	$(INSTALL) --editable '.[test,lint,parity,web]'
	$(INSTALL) --no-deps torchattacks
	touch $@
