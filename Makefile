# `make demo` and `make test` set up everything they need on a fresh Debian or Ubuntu machine, system packages included.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: demo test check bench bench-hearing bench-live soak fixtures hearing-models whisper-fixture clean
.DELETE_ON_ERROR:

demo: $(VENV)/installed
	$(BIN)/voice-coach demo

# The whole suite with every real part; `make check` is the same without setting anything up.
test: $(VENV)/installed-dev
	$(MAKE) --no-print-directory check

check:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
# Talks at the virtual table take the time that talks take, and little of the machine: beside them the rest runs. Its two
# workers have a processor each: more threads would only wait for each other. Files go in order, not those with the fewest
# tests last: these are the longest, and one worker would be idle.
	@log=$$(mktemp); $(BIN)/python -m pytest -q -m table >$$log 2>&1 & table=$$!; \
	OMP_NUM_THREADS=1 nice -n 5 $(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not table"; rest=$$?; \
	wait $$table; code=$$?; cat $$log; rm -f $$log; exit $$((rest || code))

bench: $(VENV)/installed-dev
	$(BIN)/python -m tools.bench

# How well hearing works: make bench-hearing READERS=folder-of-LibriSpeech-flac-files
bench-hearing: $(VENV)/installed-dev
	@test -n "$(READERS)" || { echo "say which readers: make bench-hearing READERS=FOLDER"; exit 2; }
	$(PIP) install -e '.[train]'
	OMP_NUM_THREADS=1 $(BIN)/python -m tools.hearing.benchmark "$(READERS)" --ablations

# Live talks: what they hear of themselves, how soon they yield and obey, what they lose. READERS is optional.
bench-live: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m tools.live.benchmark $(if $(READERS),--readers "$(READERS)")

# Twenty minutes at a virtual table, in real time.
soak: $(VENV)/installed-dev
	$(BIN)/python -m tools.live.soak

fixtures: $(VENV)/installed-dev
	$(BIN)/python -m tools.fixtures.build

# Rebuild the hearing models: make hearing-models READERS=folder-of-LibriSpeech-flac-files
hearing-models: $(VENV)/installed-dev
	@test -n "$(READERS)" || { echo "say which readers: make hearing-models READERS=FOLDER"; exit 2; }
	$(PIP) install -e '.[train]'
	$(BIN)/python -m tools.hearing.train "$(READERS)"

# Rebuild the Whisper that tests use, and measure it: about half an hour of two idle cores.
whisper-fixture: $(VENV)/installed-dev
	$(PIP) install -e '.[train]'
	OMP_NUM_THREADS=1 $(BIN)/python -m tools.words.build

$(VENV)/installed: pyproject.toml tools/system_packages.sh
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed"; exit 1; }
	@PYTHON=$(PYTHON) tools/system_packages.sh venv libportaudio2 espeak-ng
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -e '.[embedded]'
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@tools/system_packages.sh flite chromium pulseaudio pulseaudio-utils libasound2-plugins
	$(PIP) install -e '.[embedded,dev,aec]'
	@touch $@

clean:
	rm -rf $(VENV) dist build bench.json bench-live.json soak.json
