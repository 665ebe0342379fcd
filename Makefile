PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: demo test test-data lint bench clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[bench,dev,synth]'
	touch $@

demo: $(STAMP)
	$(BIN)/naps run demo

test: $(STAMP)
	$(BIN)/python -m pytest -m 'not data and not slow'

test-data: $(STAMP)
	$(BIN)/python -m pytest -m "data or slow" -rs

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) runs .mypy_cache .pytest_cache .ruff_cache
