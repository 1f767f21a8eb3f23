# run     install, build and start everything, with demo practices; Ctrl-C stops it
# test    every check and every test, browser tests too
# check   formatting, lint, types, import contracts
# fix     what ruff can mend by itself
# types   write the TypeScript types of the messages
# bench   time from the end of a spoken trigger to the cue on the agent's screen
# lock    write the lock files from pyproject.toml and package.json (UPGRADE=--upgrade for newer versions)
# wheel   build the wheel, pages included, into dist/
# clean   remove what was installed and built; data/ stays

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
PORT ?= 8443
UPGRADE ?=

BIN := .venv/bin
STEP := .ci/step
IDENTITY_PROVIDER := server/identity_provider
WEB_SOURCES := $(shell find web -path web/node_modules -prune -o -type f -print)

.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: run test check fix types bench lock wheel clean tools chromium coturn

run: .make/python .make/web .make/identity-provider
	@exec $(BIN)/clinixcue up --demo --port $(PORT)

test: check .make/web .make/identity-provider chromium coturn
	@$(STEP) "page tests" npm --prefix web test
	$(BIN)/pytest tests
	$(BIN)/pytest e2e

check: .make/python .make/web-packages
	@$(STEP) "ruff" $(BIN)/ruff check -q .
	@$(STEP) "ruff format" $(BIN)/ruff format -q --check .
	@$(STEP) "mypy" $(BIN)/mypy
	@$(STEP) "import contracts" $(BIN)/lint-imports
	@$(STEP) "tsc and oxlint" npm --prefix web run check

fix: .make/python
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: .make/python
	$(BIN)/python -m server.typescript

bench: .make/python .make/web .make/identity-provider
	@$(BIN)/python -m e2e.bench.run

# A bad bump must not be committed: both npm locks are installed from scratch, and no lock may name an address.
lock: .make/python
	$(BIN)/uv pip compile -q $(UPGRADE) pyproject.toml --all-extras --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate -o requirements.lock
	cd web && npm install --package-lock-only && npm ci
	cd $(IDENTITY_PROVIDER) && npm install --package-lock-only && npm ci
	@! grep -nE '://|^torch(==|$$)' requirements.lock
	@! grep -n '"resolved"' web/package-lock.json $(IDENTITY_PROVIDER)/package-lock.json

wheel: .make/python .make/web
	@$(STEP) "wheel" $(BIN)/python -m hatchling build -t wheel -d dist
	@ls dist/*.whl

clean:
	rm -rf .make .venv dist server/static web/node_modules $(IDENTITY_PROVIDER)/node_modules
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

tools:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || { \
	  echo "ClinixCue needs Python 3.11: install it, or say where it is: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' 2>/dev/null || { \
	  echo "ClinixCue needs Node 20 or newer, with npm: install it" >&2; exit 1; }

.make/python: requirements.lock pyproject.toml | tools
	@mkdir -p .make
	@test -x $(BIN)/python || $(STEP) "Python environment" $(PYTHON) -m venv .venv
	@$(STEP) "Python packages (about 400 MB the first time)" \
	  $(BIN)/pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@$(STEP) "clinixcue" \
	  $(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.make/web-packages: web/package.json web/package-lock.json | tools
	@mkdir -p .make
	@$(STEP) "front-end packages" npm --prefix web ci --no-audit --no-fund
	@touch $@

.make/web: .make/web-packages $(WEB_SOURCES)
	@$(STEP) "pages" npm --prefix web run build
	@touch $@

.make/identity-provider: $(IDENTITY_PROVIDER)/package.json $(IDENTITY_PROVIDER)/package-lock.json | tools
	@mkdir -p .make
	@$(STEP) "demo identity provider" npm --prefix $(IDENTITY_PROVIDER) ci --no-audit --no-fund
	@touch $@

# The browser tests drive the distribution's own Chromium.
chromium:
	@command -v chromium >/dev/null || { \
	  if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	    $(STEP) "Chromium" sh -c 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install chromium'; \
	  else echo "the browser tests need Chromium as 'chromium': sudo apt-get install chromium" >&2; exit 1; fi; }

# The TURN tests run the distribution's own relay, on loopback.
coturn:
	@command -v turnserver >/dev/null || { \
	  if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	    $(STEP) "coturn" sh -c 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install coturn'; \
	  else echo "the TURN tests need coturn: sudo apt-get install coturn" >&2; exit 1; fi; }
