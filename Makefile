# Plain python3, make and git are enough. Everything is installed into a virtual environment here, by
# uv where it is there, else by pip.
PYTHON ?= python3
# One environment per Python: .venv for the default one, .venv-3.13 for PYTHON=python3.13.
PY_VERSION := $(shell $(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null)
ifeq ($(PYTHON),python3)
VENV ?= .venv
else
VENV ?= .venv-$(basename $(PY_VERSION))
endif
WORKERS ?= 2
# The tests of a file share what they set up, so they go to one worker; the quick files come last.
SHARED := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
BIN := $(VENV)/bin
# Newer than pyproject.toml and constraints.txt, and of this Python: nothing to install.
CORE := $(VENV)/.core-$(PY_VERSION)
STAMP := $(VENV)/.codose-$(PY_VERSION)
# The version of the environment's Python. One of another Python is made anew, and what is in it is gone.
OWN = $(shell '$(BIN)/python' -c 'import platform; print(platform.python_version())' 2>/dev/null)
# uv, on PATH or in the environment, if it really starts (a pyenv shim may not). make UV= takes pip.
UV ?= $(shell for uv in uv $(if $(filter $(PY_VERSION),$(OWN)),'$(BIN)/uv'); do \
	"$$uv" --version >/dev/null 2>&1 && command -v "$$uv" && break; done)
BASE = "$$($(PYTHON) -c 'import sys; print(sys.executable)')"
NEW = $(if $(UV),UV_VENV_CLEAR=1 '$(UV)' venv --quiet --seed --python $(BASE) '$(VENV)',$(PYTHON) -m venv --clear '$(VENV)')
# Seeded: the environment has pip too, for whoever follows a "pip install".
# On a terminal both show what they fetch; in a log they are quiet.
WITH_UV = '$(UV)' pip install --python '$(BIN)/python' $$([ -t 2 ] || echo --quiet)
WITH_PIP = '$(BIN)/python' -m pip install --disable-pip-version-check --no-compile $$([ -t 2 ] || echo -qq)
INSTALL = $(if $(UV),$(WITH_UV),$(WITH_PIP)) -c constraints.txt
HOW = $(if $(UV),uv,pip)
FAILED = { echo "$(HOW) could not install codose$(if $(UV),: make UV= takes pip instead)" >&2; exit 1; }

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo test check slow smoke browser package page mesa engine bench bands fuzz kills results docs docs-tables notebooks constraints clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1|/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

install: $(STAMP) ## make the virtual environment and install codose for development

demo: $(CORE) ## install codose alone, run the source case, draw its figures, write the page
	@echo "Running the source case, with assistance and without, and drawing its figures."
	$(BIN)/codose run source --out results/source --force
	@echo "Writing the page, a planning tool in one file."
	$(BIN)/codose page --out results/codose.html --force
	@echo
	@echo "Open results/codose.html in a browser; the figures are in results/source/figures."
	@echo "To go on: source $(BIN)/activate, then codose"

test: $(STAMP) ## run the test suite, without the slow tests
	$(BIN)/python -m pytest $(SHARED)

check: $(STAMP) ## lint, formatting, types, words
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python experiments/checks/words.py

# And every test with drawn examples again, with all of them: tests/conftest.py.
slow: $(STAMP) ## run the slow tests
	HYPOTHESIS_PROFILE=full $(BIN)/python -m pytest $(SHARED) -m "(slow or hypothesis) and not browser"

smoke: $(STAMP) ## run the quick tests: make smoke PYTHON=python3.13
	$(BIN)/python -m pytest $(SHARED) -m "smoke and not slow"

package: $(STAMP) ## make what is published, install it with the lowest versions allowed, try it
	$(BIN)/python experiments/checks/package.py

# Where there is no Node.js, the page is written as it was built.
page: $(STAMP) ## build the page, test it, write it to results/codose.html and open it
	$(BIN)/python experiments/checks/page.py --open

mesa: ## Mesa's contract on every Mesa that is allowed, each in an environment of its own
	.ci/mesa

# After an edit of a rule, of the kernel or of what they are given. wasm-ld: apt-get install lld.
engine: $(STAMP) ## compile the engine that the package ships, for this machine and for browsers
	$(BIN)/python -m sim.engine.build

# Some of it: make bench ONLY=memory. Hold lines to what is measured now: make bench ACCEPT=1.
bench: $(STAMP) ## measure speed and memory, write experiments/benchmarks/README.md
	$(BIN)/python experiments/benchmarks/bench.py $(if $(ONLY),--only '$(ONLY)') $(if $(ACCEPT),--accept)

bands: $(STAMP) ## try on the model whether bands over sets hold what they say (a few minutes)
	$(BIN)/python experiments/checks/bands.py

fuzz: $(STAMP) ## ten thousand spoilt files to everything that reads one, 500 to the commands
	$(BIN)/python experiments/checks/fuzz.py

# Some of it: make kills N=20 ONLY="signals writers". Of the figures that N counts, all are random.
kills: $(STAMP) ## stop every command in every way, and see that nothing is lost (an hour)
	$(BIN)/python experiments/checks/kills.py $(if $(N),-n $(N)) $(if $(ONLY),--only $(ONLY))

# After a change of the model, of findings or of shipped studies. Some: make results ONLY="sobol pawn".
results: $(STAMP) ## make every shipped result anew: sets, tables, figures (half an hour)
	$(BIN)/python experiments/checks/results.py $(ONLY)

docs: $(STAMP) ## build the documentation site into site/ (fetches nothing)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "Open site/index.html; its search works from disk too."

# Some of them: make notebooks ONLY="02 05".
notebooks: $(STAMP) ## execute the notebooks and the examples of the documentation anew
	$(BIN)/python docs/make/notebooks.py $(ONLY)
	$(if $(ONLY),,$(BIN)/python docs/make/blocks.py)

# Needs a Chromium (apt-get install chromium, or CODOSE_CHROMIUM).
browser: $(STAMP) ## run the tests that need a real browser
	$(BIN)/python -m pytest $(SHARED) -m browser

docs-tables: $(STAMP) ## write the tables of docs/ODD.md and the options of commands anew from the code
	$(BIN)/codose odd --write docs/ODD.md
	$(BIN)/python -c "from sim.cli import declared; declared.write()"

# Keeps the present versions where it can; `make constraints UPGRADE=--upgrade` takes the newest.
constraints: $(STAMP) ## pin the dependencies for every supported Python
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-annotate $(UPGRADE) \
		--custom-compile-command "make constraints" --output-file constraints.txt pyproject.toml

clean: ## remove caches and builds; the virtual environments and results/ stay
	rm -rf build dist site .pytest_cache .ruff_cache .hypothesis
	find sim tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(CORE): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "codose needs Python 3.11 or newer, and '$(PYTHON)' is $(or $(PY_VERSION),not there): choose another with make PYTHON=python3.12" >&2; exit 1; }
	@$(if $(UV),,$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' cannot make virtual environments: on Debian or Ubuntu, apt install python3-venv" >&2; exit 1; })
	@if [ -n "$$(ls -A '$(VENV)' 2>/dev/null)" ] && [ ! -f '$(VENV)/pyvenv.cfg' ]; then \
		echo "VENV=$(VENV) is a folder, but not a virtual environment: choose another name" >&2; exit 1; fi
	@# Of another Python, half made, or with nothing to install by: make it anew.
	@if [ "$(OWN)" != "$(PY_VERSION)" ]$(if $(UV),, || ! '$(BIN)/python' -c 'import pip' 2>/dev/null); then \
		echo "Making a virtual environment in $(VENV), with Python $(PY_VERSION) and $(HOW)."; \
		$(NEW); fi
	@rm -f $(VENV)/.core-* $(VENV)/.codose-*
	@echo "Installing codose and what it needs into $(VENV) with $(HOW): a minute, once."
	@$(INSTALL) -e . || $(FAILED)
	@touch $@

$(STAMP): $(CORE)
	@echo "Installing what the tests and the documentation need with $(HOW): a minute or two, once."
	@$(INSTALL) -e '.[cluster,dev,docs,plan]' || $(FAILED)
	@touch $@
