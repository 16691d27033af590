"""Where the numbers of a table come from, and what its rows do not have in common."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from mindkit.errors import MindkitError

SHORT = {"commit": 10, "data": 12, "plugin": 12}  # digits of a hash that a person is shown


@dataclass(frozen=True)
class Provenance:
    """What the runs of a table say of themselves.

    facts: commit, digest of the data, device, precision, and versions, each with every value that
    occurs. seeds: of all rows. differences: a sentence for each fact in which rows differ.
    """

    facts: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    seeds: tuple[int, ...] = ()
    differences: tuple[str, ...] = ()

    def line(self) -> str:
        """Return it in one line: "commit f8df4b4e04, data 2eac81bd2c7b, device cpu, …"."""
        parts = [
            f"{name} {' or '.join(_short(name, value) for value in values)}"
            for name, values in self.facts.items()
        ]
        if self.seeds:
            parts.insert(0, f"seeds {_counted(self.seeds)}")
        return ", ".join(parts)


def read_environment(folder: Path) -> dict[str, str]:
    """Return what a run's `environment.json` says, by the names that a table has for it."""
    path = folder / "environment.json"
    if not path.is_file():
        raise MindkitError(f"{folder} has no environment.json; --fresh runs it again")
    return dict(_facts(json.loads(path.read_text(encoding="utf-8"))))


def _facts(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "commit", found["commit"] or "unknown"
    yield "data", found["data"]["digest"]
    for name in ("device", "precision", "mindkit", "python"):
        yield name, found[name]
    yield from found["packages"].items()
    for name, code in found["plugins"].items():
        if code is not None:  # a file of the user's, which no version tells
            yield f"plugin {name}", code


def gather(runs: Iterable[tuple[str, int, Mapping[str, str]]]) -> Provenance:
    """Return what runs have in common and what not, each given as row, seed and environment."""
    rows: dict[str, dict[str, list[str]]] = {}  # fact -> value -> the rows that have it
    seeds: set[int] = set()
    for row, seed, environment in runs:
        seeds.add(seed)
        for name, value in environment.items():
            having = rows.setdefault(name, {}).setdefault(value, [])
            if row not in having:
                having.append(row)
    differences = tuple(
        f"Rows differ in {name}: "
        + "; ".join(f"{_short(name, value)} ({', '.join(of)})" for value, of in values.items())
        + "."
        for name, values in rows.items()
        if len(values) > 1
    )
    facts = {name: tuple(values) for name, values in rows.items()}
    return Provenance(facts, tuple(sorted(seeds)), differences)


def _short(name: str, value: str) -> str:
    return value[: SHORT.get(name.split()[0], len(value))]


def _counted(seeds: tuple[int, ...]) -> str:
    if len(seeds) > 2 and all(after == before + 1 for before, after in pairwise(seeds)):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))
