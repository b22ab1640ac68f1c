# Rialto. `make demo` runs it, `make test` tests it; both build what they need first.

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.PHONY: help setup demo test test-long test-stripe lint clean browser

help:
	@echo "make demo       run the market on this machine (PORT=8000, RIALTO_HOME=.rialto)"
	@echo "make test       run the whole test suite"
	@echo "make test-long  run the tests that take minutes, one after another; each tells what it did"
	@echo "make test-stripe  run the tests of cards against Stripe's test mode (STRIPE_API_KEY)"
	@echo "make lint       run every check that is not a test"
	@echo "make setup      only build .venv"
	@echo "make clean      remove what was built; the market's data stay"

setup: $(STAMP)

$(STAMP): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Rialto needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || echo not there): install one, or name it, as in 'make PYTHON=python3.12 $(or $(MAKECMDGOALS),setup)'." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' cannot make environments: install its venv package (Debian: apt-get install python3-venv) and try again." >&2; exit 1; }
	@echo "Building $(VENV) (once; a few minutes) ..."
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt || { \
	  echo "The packages could not be installed: see pip's last lines above, mend that and run 'make setup' again." >&2; exit 1; }
	@touch $@

demo: setup
	@exec $(RUN) manage.py demo

browser: setup
	@$(RUN) -m tests.browsers

test: setup browser
	$(RUN) -m pytest -n 2 --dist loadgroup -m "not long" $(ARGS)

test-long: setup browser
	$(RUN) -m pytest -v -m long $(ARGS)

test-stripe: setup
	@test -n "$$STRIPE_API_KEY" || { echo "Set STRIPE_API_KEY to a test key of Stripe (sk_test_...) and try again." >&2; exit 1; }
	@case "$$STRIPE_API_KEY" in sk_test_*|rk_test_*) ;; *) echo "STRIPE_API_KEY is no test key: these tests move money." >&2; exit 1;; esac
	RIALTO_TEST_STRIPE=1 $(RUN) -m pytest -n 1 -m "not stand_in" --allow-hosts=127.0.0.1,::1,localhost,api.stripe.com \
	  tests/integration/test_payments_card.py tests/integration/test_payments_card_holds.py $(ARGS)

lint: setup
	$(RUN) -m ruff check .
	$(VENV)/bin/lint-imports
	$(RUN) manage.py makemigrations --check --dry-run
	$(RUN) manage.py check --fail-level WARNING
	$(RUN) manage.py check_templates

clean:
	rm -rf $(VENV) .rialto-test staticfiles tests/output .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
