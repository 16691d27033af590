"""Which array of a pickle plays which role, and what its samples and their videos are called."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from mindkit.data.formats.pickled import described, text_of
from mindkit.errors import DataError, did_you_mean

SINGLE = ("label", "id")  # roles that are no column
VIDEO = (  # how ids begin with their video, the more telling first
    re.compile(r"(.+?)\$_\$.*"),  # video$_$clip
    re.compile(r"([^\[]+)\[.*"),  # video[k]
    re.compile(r"(.+)_\d+"),  # video_k
)


def assign(
    file: str, names: Sequence[str], obvious: Mapping[str, str], said: Mapping[str, str]
) -> dict[str, str]:
    """Return role -> one of the arrays `names`, as the user said and else as is `obvious`.

    An array that the user gives another role loses its own. Raises DataError for a name that is
    not there, and where no column or no label is left.
    """
    if "split" in said:
        raise DataError(f"{file} has its own splits, no column of them; leave out --column split=")
    taken = set(said.values())
    roles = {role: name for role, name in obvious.items() if role in said or name not in taken}
    known = (*SINGLE, *obvious)
    for role, name in said.items():
        near = get_close_matches(role, known, n=1, cutoff=0.8)
        if role not in known and near:
            raise DataError(f"{file}: no role '{role}' for a column; did you mean '{near[0]}'?")
        if name and name not in names:
            raise DataError(f"{file} has no array '{name}' ({role}){did_you_mean(name, names)}")
        roles[role] = name
    roles = {role: name for role, name in roles.items() if name}
    if "label" not in roles:
        raise DataError(
            f"{file}: no array serves as the label; say which of {', '.join(names)} does with "
            f"--column label=NAME"
        )
    if not set(roles) - set(SINGLE):
        raise DataError(
            f"{file}: no array is recognised as text, audio or vision among {', '.join(names)}; "
            f"say which with --column audio=NAME"
        )
    return roles


def numbered(split: str, count: int) -> list[str]:
    """Ids for the samples of a split that has none."""
    return [f"{split}_{number}" for number in range(count)]


def name_samples(
    file: str, name: str, stored: Mapping[str, Sequence[Any]]
) -> tuple[dict[str, list[str]], dict[str, list[str]] | None]:
    """Return the ids and the videos of the samples, by split; None where the ids name no video.

    stored: split -> N ids in the array `name`, each a string, bytes or a number, or clip, start and
    end. There the clip is the id if no two are alike, else it is the video and all are the id.
    """
    cells = {
        split: [
            _cells(one, f"{file}: {split}, item {item}, {name}") for item, one in enumerate(ids)
        ]
        for split, ids in stored.items()
    }
    names = {split: [row[0] for row in rows] for split, rows in cells.items()}
    videos = _videos(names)
    several = any(len(row) > 1 for rows in cells.values() for row in rows)
    if several and _repeats(names):
        joined = {split: ["_".join(row) for row in rows] for split, rows in cells.items()}
        return joined, videos or names
    return names, videos


def _cells(value: Any, place: str) -> tuple[str, ...]:
    """The parts of one id as strings."""
    if isinstance(value, np.ndarray):
        value = value.reshape(-1).tolist()
    cells = value if isinstance(value, list | tuple) else [value]
    if not 0 < len(cells) <= 3 or not all(
        isinstance(c, str | bytes | int | float | np.generic) for c in cells
    ):
        raise DataError(f"{place} is {described(value)}; a string is needed")
    return tuple(text_of(cell) for cell in cells)


def _repeats(names: Mapping[str, list[str]]) -> bool:
    every = [name for found in names.values() for name in found]
    return len(set(every)) < len(every)


def _videos(names: Mapping[str, list[str]]) -> dict[str, list[str]] | None:
    """The video in each id; None unless all ids are written alike."""
    for pattern in VIDEO:
        found = {s: [m[1] for n in ids if (m := pattern.fullmatch(n))] for s, ids in names.items()}
        if all(len(found[split]) == len(ids) for split, ids in names.items()):
            return found
    return None
