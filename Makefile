# `make run` and `make test` are all that is needed; both make .venv when it is missing.
#
#   make run ARGS="inspect --help"      pass arguments on
#   make run PYTHON=python3.12          use another Python (3.11 or newer)
#   make run PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"
#                                       take torch from another place

PYTHON   ?= python3
ARGS     ?=
PIP_ARGS ?=
JOBS     ?= 2

VENV := .venv
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help run test check bench clean

help:
	@echo "make run     install into .venv and open the app (ARGS=... is passed on)"
	@echo "make test    install with the tools for development, check and test"
	@echo "make check   style, types and the direction of imports"
	@echo "make bench   start-up, drawing, stepping layers, training: JSON with ratios"
	@echo "make clean   remove .venv and everything that was built"

run: $(VENV)/.run-installed
	@$(BIN)/bertscope-tui $(ARGS)

test: check
	OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(JOBS)

check: $(VENV)/.dev-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev-installed
	$(BIN)/python -m tests.bench.startup_bench
	$(BIN)/python -m tests.bench.first_frame_bench
	$(BIN)/python -m tests.bench.scatter_bench
	$(BIN)/python -m tests.bench.layers_bench
	$(BIN)/python -m tests.bench.layer_step_bench 160x48
	$(BIN)/python -m tests.bench.scan_bench
	$(BIN)/python -m tests.bench.scan_keys_bench 160x48
	$(BIN)/python -m tests.bench.probe_bench 7 384 19 4 1500 1 2
	$(BIN)/python -m tests.bench.probe_suite_bench stories-bert ques "" 120 3
	$(BIN)/python -m tests.bench.finetune_bench sample_data/models/stories-base sample_data/stories

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	  .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps are files, so that nothing is installed again until what it is made from changes.
# The package itself is installed as a link to this folder and needs no stamp of its own.

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, and '$(PYTHON)' is:" >&2; \
	  $(PYTHON) --version >&2 || true; \
	  echo "Name another one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu: apt install python3-venv" >&2; \
	  rm -rf $(VENV); exit 1; }
	@touch $@

$(VENV)/.run-installed: $(VENV)/.created pyproject.toml constraints.txt
	@echo "Installing into $(VENV); torch is the large part of it."
	$(PIP) install $(PIP_ARGS) -c constraints.txt -e .
	@touch $@

$(VENV)/.dev-installed: $(VENV)/.created pyproject.toml constraints.txt
	@echo "Installing into $(VENV), with the tools for development."
	$(PIP) install $(PIP_ARGS) -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.run-installed
