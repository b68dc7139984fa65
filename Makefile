# `make help` lists what there is to make. PYTHON names the Python to use, VENV where its environment goes.
PYTHON ?= python3
VENV ?= .venv
OLDEST_VENV ?= .venv-oldest
# how many tests run side by side; those of one file on one worker, which shares what the file has set up and compiled
WORKERS ?= 2
# more for pytest, as in: make test TESTS="tests/engine -x"
TESTS ?=

# what make lint looks for wrong types in; nothing: everything, the tests included
TYPES ?=

# An environment's modules are compiled by Python when they are first imported, not when they are installed; without this
# a shell that forbids Python to keep what it compiles would have each of the tests' many processes do so again.
export PYTHONDONTWRITEBYTECODE =

RUN := $(VENV)/.installed-run
TEST := $(VENV)/.installed-test
OLDEST := $(OLDEST_VENV)/.installed-oldest

.DEFAULT_GOAL := help
.PHONY: help demo notebooks test test-long test-oldest bench docs lint format lock clean
.DELETE_ON_ERROR:

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS='	' read -r name what; do \
		printf '  make %-12s %s\n' "$$name" "$$what"; done

demo: $(RUN) ## make the environment and run the four laboratories; figures and answers in demo/
	@$(VENV)/bin/jaxopt-lab demo --out demo --overwrite

notebooks: $(TEST) ## execute the notebooks and write them anew
	@$(VENV)/bin/python notebooks/build.py

test: $(TEST) ## make the environment and run the tests
	@$(VENV)/bin/python -m pytest -n $(WORKERS) --dist loadfile -m "not long" $(TESTS)

test-long: $(TEST) ## the tests that take long: every kill, every surface, every script of the docs
	@$(VENV)/bin/python -m pytest -n $(WORKERS) --dist loadfile -m long $(TESTS)

# -W default: what old versions of the dependencies deprecate among themselves is not ours to mend. The metrics are held
# to the scikit-learn of test.lock only: older ones lack some of them and differ in degenerate cases.
test-oldest: $(OLDEST) ## the tests but the slow ones, with the oldest supported versions (on Python 3.11 or 3.12)
	@$(OLDEST_VENV)/bin/python -m pytest -n $(WORKERS) --dist loadfile -m "not slow and not long" -W default --disable-warnings \
		--ignore tests/metrics/test_against_sklearn.py $(TESTS)

bench: $(RUN) ## time everything beside its peers, on a machine with nothing else to do; into benchmarks/results/
	@$(VENV)/bin/python benchmarks/all.py

# Everything is read afresh (-E): a page that is taken from an earlier build would keep its warnings to itself.
docs: $(TEST) ## build the documentation into docs/_build/html; a warning is an error
	@$(VENV)/bin/sphinx-build -E -W --keep-going -q -d docs/_build/doctrees docs docs/_build/html

lint: $(TEST) ## check style, format and types
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/pyright $(TYPES)

format: $(TEST) ## put the code into the one format
	@$(VENV)/bin/ruff check --fix-only --quiet .
	@$(VENV)/bin/ruff format .

lock: $(TEST) ## choose the newest versions afresh and write the locks
	@requirements/lock.sh $(VENV)/bin/uv

clean: ## remove the environments and what was built
	@rm -rf $(VENV) $(OLDEST_VENV) build dist demo docs/_build .pytest_cache .ruff_cache .hypothesis

# An environment is made again when its lock or the package's own description changes. The lock of the tests holds
# the one of the demo, so installing the first is enough for both.
$(RUN): requirements/run.lock pyproject.toml requirements/install.sh
	@requirements/install.sh $(PYTHON) $(VENV) requirements/run.lock

$(TEST): requirements/test.lock pyproject.toml requirements/install.sh
	@requirements/install.sh $(PYTHON) $(VENV) requirements/test.lock
	@touch $(RUN)

$(OLDEST): requirements/oldest.lock pyproject.toml requirements/install.sh
	@requirements/install.sh $(PYTHON) $(OLDEST_VENV) requirements/oldest.lock
