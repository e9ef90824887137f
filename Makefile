# What one does with this project. Everything is made inside this folder; `make clean` takes it away again.
#
#   make demo     the whole line on this machine, with sample files and a WATS server of its own
#   make test     every test, JOBS at a time; ARGS goes to pytest: make test JOBS=0 ARGS="tests/broker -x"
#   make check    what the tools say: ruff, mypy, import-linter
#   make hostile-container
#                 the attacks on the jail once more, as Docker confines a worker; BASE_IMAGE=… where python:3.11-slim
#                 is not to be had
#   make factory  what the stack of compose.yaml needs and a plant has of its own: .env, factory/, inbox/, secrets/
#   make stack-test
#                 that stack for real: faults, upgrades, and an audit; skipped with a reason where no engine runs
#   make chaos    storms over a whole line, long ones; a short one is among the tests
#   make docs     the reference pages that are made from the code: formats, metrics, the control API, the protocol,
#                 settings, commands
#   make screenshots
#                 pictures of the console for the documentation, of a line with failures on it; needs Chromium
#   make bad      every broken file the corpus can make through converters and jail; some of them are among the tests
#   make bench    how fast the line is, against a floor measured in the same run
#   make lock     the lock files again from pyproject.toml; make lock ARGS=--upgrade takes newer releases
#   make clean

PYTHON ?= python3
ARGS   ?=
# Many tests wait for real processes more than they compute; one more than there are cores keeps them busy.
JOBS   ?= $(shell expr $$(nproc) + 1)
RUN    := .venv/bin/python -m

.DELETE_ON_ERROR:
.PHONY: demo test check hostile-container factory stack-test chaos docs screenshots bad bench lock clean

demo: .venv/installed
	$(RUN) wats_worker demo $(ARGS)

test: .venv/installed
	$(RUN) pytest --numprocesses $(JOBS) --dist loadgroup $(ARGS)

check: .venv/installed
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	.venv/bin/lint-imports

hostile-container:
	tests/hostile/container/run $(ARGS)

factory:
	@stack/factory

stack-test: .venv/installed
	cd tests && ../$(RUN) stack $(ARGS)

chaos: .venv/installed
	cd tests && ../$(RUN) chaos $(ARGS)

docs: .venv/installed
	$(RUN) wats_worker.converters.handbook docs/reference/formats.md
	$(RUN) wats_worker.control.descriptors docs/reference/metrics.md
	$(RUN) wats_worker.app.handbook docs/reference/api.md
	$(RUN) wats_worker.control.handbook docs/reference/protocol.md
	$(RUN) wats_worker.settings.handbook docs/reference/settings.md
	$(RUN) wats_worker.cli.handbook docs/reference/cli.md

screenshots: .venv/installed
	cd tests && ../$(RUN) pictures ../docs/images

bad: .venv/installed
	cd tests && ../$(RUN) ordeal $(ARGS)

bench: .venv/installed
	.venv/bin/python benchmarks/line.py $(ARGS)

# The environment is made anew when the lock file changes, so nothing is left in it that the lock does not name.
# Where Debian's python3-venv is missing, the machine's own pip works on the environment from outside.
PIP = if [ -x .venv/bin/pip ]; then set -- $(RUN) pip; else set -- $(PYTHON) -m pip --python .venv/bin/python; fi; \
    "$$@" --quiet --disable-pip-version-check

.venv/locked: requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo 'wats-worker needs Python 3.11 or newer; name one: make PYTHON=python3.12' >&2; exit 1; }
	@if $(PYTHON) -c 'from ensurepip import bootstrap' 2>/dev/null; then pip=; else pip=--without-pip; fi; \
	    $(PYTHON) -m venv --clear $$pip .venv
	@echo 'Installing what requirements-dev.lock names into .venv …'
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@touch $@

# Without isolation the build takes hatchling from the lock instead of asking for it again.
.venv/installed: .venv/locked pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# The locks hold for every system and name no registry: packages come from wherever pip is set up to fetch them.
# An installation by requirements.lock, such as the image, has every extra.
COMPILE = UV_CUSTOM_COMPILE_COMMAND='make lock' .tools/bin/uv pip compile --quiet --universal \
    --python-version 3.11 --generate-hashes --no-emit-index-url pyproject.toml $(ARGS)

lock: .tools/bin/uv
	$(COMPILE) --group dev --output-file requirements-dev.lock
	$(COMPILE) --all-extras --constraints requirements-dev.lock --output-file requirements.lock
	@$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])' | \
	    $(subst pyproject.toml,-,$(COMPILE)) --constraints requirements-dev.lock --output-file requirements-build.lock

.tools/bin/uv:
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target .tools uv

clean:
	rm -rf .venv .tools build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
