"""What differs between runs: in their configs, the environments they were made in, their data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mindkit.errors import MindkitError
from mindkit.study.folders import ENVIRONMENT, Setting, read_record, read_settings, require_run

Part = Literal["config", "environment", "data"]


@dataclass(frozen=True)
class Difference:
    """One path whose value is not the same everywhere; None where a run does not have it."""

    part: Part
    path: str
    settings: tuple[Setting | None, ...]


def diff_runs(*folders: str | Path) -> list[Difference]:
    """Return what differs between two or more runs: config, then environment, then data."""
    if len(folders) < 2:
        raise MindkitError("one run alone differs from nothing; name two or more to compare")
    places = [Path(folder) for folder in folders]
    for place in places:
        require_run(place)
    environments = [read_record(place / ENVIRONMENT) for place in places]
    return [
        *differing("config", [read_settings(place) for place in places]),
        *environment_differences(environments),
    ]


def environment_differences(environments: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Return what differs between what `environment.json` holds of each run, data last."""
    data = [{"data": one.get("data", {})} for one in environments]
    rest = [{k: v for k, v in one.items() if k not in ("data", "stamps")} for one in environments]
    alone = {"seeds_together": 1}  # of a run that does not say, such as one not made yet
    return [
        *differing("environment", [flat(alone | one) for one in rest]),
        *differing("data", [flat(one) for one in data]),
    ]


def differing(part: Part, columns: Sequence[Mapping[str, Setting]]) -> list[Difference]:
    """Return the paths that differ, in the order in which they first come."""
    paths = dict.fromkeys(path for column in columns for path in column)
    found = [Difference(part, path, tuple(map(_getter(path), columns))) for path in paths]
    return [one for one in found if not _all_same(one.settings)]


def flat(value: Any, path: str = "") -> dict[str, Setting]:
    """Return nested maps as dotted path -> value; a list is one value."""
    return {place: Setting(leaf) for place, leaf in _leaves(value, path)}


def same(one: Any, other: Any) -> bool:
    """Return True for equal values; 1 and 1.0 are equal, but 1 and true are not."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(isinstance(one, bool) == isinstance(other, bool) and one == other)


def in_words(value: Any) -> str:
    """Return a value on one line: words as they are, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _getter(path: str) -> Any:
    return lambda column: column.get(path)


def _all_same(settings: tuple[Setting | None, ...]) -> bool:
    first = settings[0]
    return all(
        other is None if first is None else other is not None and same(first.value, other.value)
        for other in settings[1:]
    )


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    else:
        yield path, value
