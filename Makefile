# Two commands on a fresh machine: `make demo` and `make test`. Each makes .venv itself, from a bare Python, 3.11 or newer.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
# What is installed is remembered by a stamp, so that a second call starts at once.
NEEDS := pyproject.toml constraints.txt

.PHONY: install demo live scrapyd deploy test test-rest test-all test-slow lint types duplicates docs schema schema-check comparison real-pages bench clean

# With EXTRA=spark, one of the extras of pyproject.toml as well.
install: $(VENV)/.installed$(addprefix -,$(EXTRA))
demo: $(VENV)/.installed-replica
	$(VENV)/bin/scrapy demo
# On the live site: the doctor, five articles of each section, each record beside its page (docs/live-site.md).
live: $(VENV)/.installed
	$(VENV)/bin/scrapy live
# What a machine needs to run Scrapyd with the project's egg (docs/scheduling.md).
scrapyd: $(VENV)/.installed-scrapyd
# An egg of the project, with all its data files, to a Scrapyd; its login comes from the environment or ~/.netrc.
deploy: export SCRAPYD_URL := $(or $(SCRAPYD_URL),http://127.0.0.1:6800)
deploy: export SCRAPYD_USERNAME := $(or $(SCRAPYD_USERNAME),$(if $(value SCRAPYD_PASSWORD),alqahira))
deploy: export SCRAPYD_PASSWORD := $(value SCRAPYD_PASSWORD)
deploy: $(VENV)/.installed-scrapyd
	@# An egg that Scrapyd refuses is no error to scrapyd-deploy.
	@said=$$($(VENV)/bin/scrapyd-deploy); echo "$$said"; echo "$$said" | grep --quiet '"status": "ok"'
# What needs no engine and no minutes; the rest of what CI runs; both in one run; and what takes hours, one by one.
MORE := browser or postgres or spark or warehouse or scrapyd or install or docs or chaos or sites or perf
PYTEST := $(VENV)/bin/python -m pytest
SPREAD := -n auto --dist worksteal
test: $(VENV)/.installed-test
	$(PYTEST) -m "not ($(MORE) or slow)" $(SPREAD) $(PYTEST_ARGS)
# Spark's Java lives for seconds in these tests: its second compiler would work longer than it spares.
test-rest test-all: export JAVA_TOOL_OPTIONS := $(or $(value JAVA_TOOL_OPTIONS),-XX:TieredStopAtLevel=1 -XX:+UseSerialGC)
test-rest test-all: $(VENV)-tools/.installed
test-rest: $(VENV)/.installed-test-all
	$(PYTEST) -m "($(MORE)) and not slow" $(SPREAD) $(PYTEST_ARGS)
test-all: $(VENV)/.installed-test-all
	$(PYTEST) -m "not slow" $(SPREAD) $(PYTEST_ARGS)
test-slow: $(VENV)/.installed-test-all
	$(PYTEST) -m slow $(PYTEST_ARGS)
lint: $(VENV)/.installed-lint
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports
# Every module is read, with what it imports.
types: $(VENV)/.installed-lint $(VENV)/.installed-test-all
	$(VENV)/bin/mypy
duplicates: $(VENV)/.installed-lint
	$(VENV)/bin/pylint --recursive=y --disable=all --enable=duplicate-code --min-similarity-lines=8 \
	    --ignore-imports=y --ignore-signatures=y alqahira spiders pipelines
# docs/_build/index.html; a warning is an error.
docs: $(VENV)/.installed-docs
	$(VENV)/bin/python -W ignore -m sphinx --fail-on-warning --keep-going --quiet docs docs/_build
schema: $(VENV)/.installed
	$(VENV)/bin/scrapy schema --write docs/schema
schema-check: $(VENV)/.installed
	$(VENV)/bin/scrapy schema --check docs/schema
# Beside general extractors, which need an environment of their own (and a pip that knows their extras).
comparison: $(VENV)/.installed-replica $(VENV)-comparison/.installed
	$(VENV)/bin/python benchmarks/comparison.py --python $(VENV)-comparison/bin/python
# The same on pages of two public test sets: CLONES="article-extraction-benchmark fundus".
real-pages: $(VENV)/.installed $(VENV)-comparison/.installed
	$(VENV)/bin/python benchmarks/real_pages.py --python $(VENV)-comparison/bin/python $(CLONES)
# Everything of docs/performance.md, in half an hour on a quiet machine; a ledger of some 5 GB below TMPDIR meanwhile.
bench: $(VENV)/.installed-bench $(VENV)-comparison/.installed
	$(VENV)/bin/python benchmarks/run.py --python $(VENV)-comparison/bin/python $(BENCH_ARGS)
clean:
	rm -rf $(VENV) $(VENV)-comparison $(VENV)-newest $(VENV)-tools docs/_build docs/api .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "alqahira needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 …")'
	@echo 'Making $(VENV) …'
	@$(PYTHON) -m venv $(VENV)
$(VENV)-comparison/.installed: benchmarks/comparison-requirements.txt
	$(PYTHON) -m venv $(VENV)-comparison
	$(VENV)-comparison/bin/python -m pip install --quiet --upgrade pip
	$(VENV)-comparison/bin/python -m pip install --quiet -r $<
	@touch $@
# Programs that tests start: dbt, the AWS CLI and a server for it.
$(VENV)-tools/.installed: tests/tools.txt
	$(PYTHON) -m venv $(VENV)-tools
	$(VENV)-tools/bin/python -m pip --disable-pip-version-check install --quiet --no-deps --require-hashes -r $<
	@touch $@
# `replica` is in `test`, and so on.
in-bench := replica
in-docs := replica scrapyd
in-test := replica
in-test-all := test replica scrapyd
define install
	@$(VENV)/bin/python .ci/install $(1)
	@touch $@ $(VENV)/.installed $(addprefix $(VENV)/.installed-,$(in-$(1)))
endef
$(VENV)/.installed: $(NEEDS) | $(VENV)/bin/python
	$(call install,install)
$(VENV)/.installed-%: $(NEEDS) | $(VENV)/bin/python
	@grep -q '^$* = \[' pyproject.toml || { echo "there is no extra $*; pyproject.toml has them" >&2; exit 2; }
	$(call install,$*)
