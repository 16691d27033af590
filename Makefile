.PHONY: check lint types tests docs

check: lint types tests  ## what CI runs

lint:
	ruff format --check .
	ruff check .

types:
	mypy

tests:
	python -m pytest -n logical --maxprocesses 8 --dist worksteal

docs:  ## write the generated parts of README.md
	python tests/architecture/docs.py
