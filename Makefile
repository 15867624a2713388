# Two commands do everything on a fresh machine (Python 3.11, pip, venv, gcc, make):
#   make evolve   install, fetch the embedded model, run the whole loop on it (about 15 minutes)
#   make test     install, run the checks and the tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= configs/cpu-demo.yaml
# A file of tests stays in one process, so that its models are loaded once.
PARALLEL := -n 2 --dist loadfile

.PHONY: evolve test test-slow check check-vllm install model clean
.DELETE_ON_ERROR:

evolve: model
	$(BIN)/meds3 evolve $(CONFIG)

test: install-dev model check
	$(BIN)/pytest $(PARALLEL)

# Real model through every stage, minutes.
test-slow: install-dev model
	$(BIN)/pytest -m slow $(PARALLEL)

# A real vLLM, in an environment of its own (gigabytes): about ten minutes on 2 cores.
check-vllm: install-dev model
	$(BIN)/meds3 engine install vllm
	$(BIN)/python benchmarks/check_vllm.py

check: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

model: install
	@$(BIN)/meds3 model pull

.PHONY: install-dev
install: $(VENV)/.loop
install-dev: $(VENV)/.dev

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if v >= (3, 11) else f"meds3 needs Python 3.11 or newer, this is {v[0]}.{v[1]}. Fix: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.loop: pyproject.toml $(VENV)/.python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[cpu,train,report,serve]'
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.loop
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[cpu,train,report,serve,cluster,dev]'
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
