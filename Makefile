VENV := .venv
BIN := $(VENV)/bin
# Which Python prepares .venv; without it, the first that fits.
PYTHON ?=
# Processes that run tests, each with engines of its own.
TESTERS ?= 6
SETUP := $(VENV)/.setup-done
# The suite starts many processes; each would compile all it imports where this is set.
export PYTHONDONTWRITEBYTECODE :=
PYTEST = $(BIN)/pytest -p no:randomly $(TALLY)
# A process that has nothing left takes over what another has not begun; or a file stays together,
# where its tests share what takes long to start.
SHARED := --dist worksteal
TOGETHER := --dist loadfile --no-loadscope-reorder
SEEN := .pytest_cache/tally.json

.PHONY: setup play test-quick test test-slow test-all test-steady test-fresh test-page page-driver client client-maker client-installed crash mutants feature check format bench lab-sentinel lab-cluster lock clean

setup: $(SETUP)

$(SETUP): requirements/dev.txt requirements/uv.txt requirements/find-python.sh pyproject.toml clients/python/pyproject.toml
	@python=$$(sh requirements/find-python.sh "$(PYTHON)") && \
	echo "Preparing $(VENV) (once)…" && \
	"$$python" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable . --editable clients/python
	@$(BIN)/python -m compileall -q -j 0 src clients/python/src
	@touch $(SETUP)

# LOG=1 shows the log here, as where there is no terminal; else it is in .yabot/yabot.log.
play: setup
	@$(BIN)/yabot run $(if $(LOG),,--quiet)

test-quick: setup
	@$(PYTEST) --tier quick --numprocesses 2 $(SHARED)

test: setup
	@$(PYTEST) --tier standard --numprocesses $(TESTERS) $(SHARED)

test-slow: setup page-driver client-maker client-installed
	@$(PYTEST) --tier slow --numprocesses $(TESTERS) $(TOGETHER)

# Two runs, one tally; and a few of the mutants, others each time.
test-all: setup
	@rm -f $(SEEN)
	@$(MAKE) --no-print-directory test TALLY="--tally $(SEEN)"
	@$(MAKE) --no-print-directory test-slow TALLY="--tally $(SEEN)"
	@$(MAKE) --no-print-directory mutants SAMPLE=$(or $(SAMPLE),3)

# Everything RUNS times, in random order, with a busy process on each core.
test-steady: setup page-driver client-maker client-installed
	@$(BIN)/python -m tests.steady $(or $(RUNS),5) --numprocesses $(TESTERS) $(TOGETHER)

# FRESH_TESTS: what to make there instead of `test`, such as test-quick.
test-fresh: setup
	@$(BIN)/python -m labs.fresh $(FRESH_TESTS)

test-page: setup page-driver
	@$(PYTEST) -m page

page-driver:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
		echo "The tests of the page need Chromium; on Debian: apt-get install chromium" >&2; exit 1; }
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/page.txt

# Writes the typed half of clients/python anew, from the OpenAPI document.
client: setup
	@cd clients/python && ../../$(BIN)/python -m generate

# What makes somebody else's client from that document; its pins are at odds with ours.
client-maker: $(VENV)/client/.done

$(VENV)/client/.done: $(SETUP) requirements/client.txt
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(VENV)/client
	@$(BIN)/uv pip install --quiet --python $(VENV)/client/bin/python --require-hashes -r requirements/client.txt
	@touch $@

# Our client as whoever installs it has it: its wheel, what that asks for, and nothing else.
INSTALLED := $(VENV)/installed
client-installed: $(INSTALLED)/.done

$(INSTALLED)/.done: $(SETUP) clients/python/README.md $(wildcard clients/python/src/yabot_client/*.py)
	@$(BIN)/uv build --quiet --clear --python $(BIN)/python --out-dir $(VENV)/built clients/python
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(INSTALLED)
	@$(BIN)/uv pip install --quiet --python $(INSTALLED)/bin/python -c requirements/runtime.txt -c requirements/dev.txt $(VENV)/built/*.whl
	@touch $@

crash: setup
	@CRASH_SEEDS=$(or $(CRASH_SEEDS),400) $(BIN)/pytest -v $(if $(CRASH_SEED),tests/crash/test_any_moment.py,tests/crash)

# All of them, or CRITERIA="3.1.4 1.1.3", or SAMPLE=5 of them by chance (the same again: SEED=…); several
# at once.
mutants: setup
	@$(BIN)/python -m mutants $(CRITERIA) $(if $(SAMPLE),--sample $(SAMPLE)) $(if $(SEED),--seed $(SEED))

# A new feature that passes: make feature NAME=daily_gift.
feature: setup
	@$(BIN)/python -m scaffold $(NAME)
	@touch $(SETUP) # It has added a rule to pyproject.toml, and nothing to what is installed.

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: setup
	@$(BIN)/python -m bench

lab-sentinel: setup
	@$(BIN)/python -m labs sentinel

lab-cluster: setup
	@$(BIN)/python -m labs cluster

# With the hashes of every file that a registry may hand out, and no registry's address.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url --generate-hashes

lock: setup
	@$(LOCK) requirements/uv.in -o requirements/uv.txt
	@$(LOCK) requirements/runtime.in -o requirements/runtime.txt
	@$(LOCK) -c requirements/runtime.txt requirements/dev.in -o requirements/dev.txt
	@$(LOCK) -c requirements/dev.txt requirements/page.in -o requirements/page.txt
	@$(LOCK) requirements/client.in -o requirements/client.txt

clean:
	rm -rf $(VENV) .yabot .pytest_cache .mypy_cache .ruff_cache .hypothesis build
