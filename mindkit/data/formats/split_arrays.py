"""Dicts of arrays by split, as the pickles of MMSA and MulT hold them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mindkit.data.formats.naming import SINGLE, name_samples, numbered
from mindkit.data.formats.pickled import described, text_of
from mindkit.data.formats.sample_arrays import Arrays, lengths_of
from mindkit.data.formats.token_ids import Tokens
from mindkit.data.raw import ALIASES, SPLITS, Array, Feature, Part
from mindkit.errors import DataError

ALIGNED = {True: ["aligned"], False: ["unaligned"], None: []}  # how a layout says it


def has_splits(data: Any, names: Iterable[str]) -> bool:
    """True for a dict one of whose splits is a dict with one of `names` in it."""
    if not isinstance(data, dict):
        return False
    parts = [part for key, part in data.items() if _split(key) in SPLITS]
    return any(isinstance(part, dict) and not part.keys().isdisjoint(names) for part in parts)


def by_split(data: dict[Any, Any], file: str) -> dict[str, Any]:
    """Return what a dict holds for each split, and beside them; "dev" and "val" are valid."""
    found = {_split(key): part for key, part in data.items()}
    if len(found) != len(data):
        raise DataError(f"{file}: two of {', '.join(map(text_of, data))} are one split; keep one")
    return found


def split_arrays(data: dict[Any, Any], file: str) -> dict[str, Arrays]:
    """Return the arrays of train, valid and test; all three must be there."""
    found = by_split(data, file)
    parts = {}
    for split in SPLITS:
        part = found.get(split)
        if not isinstance(part, dict):
            holds = f"{split} is {described(part)}" if split in found else f"there is no {split}"
            raise DataError(
                f"{file}: {holds}; a dict of arrays is needed for each of train, valid and test"
            )
        parts[split] = Arrays(file, split, {text_of(name): part[name] for name in part})
    return parts


def array_names(parts: Mapping[str, Arrays]) -> list[str]:
    """All arrays that a split has, in the order of the file."""
    return list(dict.fromkeys(name for part in parts.values() for name in part.entries))


def read_parts(
    parts: Mapping[str, Arrays], roles: Mapping[str, str], labels: Mapping[str, Array]
) -> dict[str, Part]:
    """The samples of each split, with labels (N,), which are numbers, or names as objects."""
    features = _features(parts, roles)
    ids, videos = _ids(parts, roles)
    return {
        split: Part(
            ids[split],
            found.tolist() if found.dtype.kind == "O" else found,
            features[split],
            videos[split] if videos else None,
            [f"item {item} of {split}" for item in range(len(found))],
        )
        for split, found in labels.items()
    }


def unused_arrays(
    parts: Mapping[str, Arrays], data: Mapping[Any, Any], used: Sequence[str]
) -> list[str]:
    """What becomes no column: other arrays, and what stands beside the splits."""
    taken = {*used, *(lengths_of(name) for name in used)}
    beside = [text_of(key) for key in data if _split(key) not in SPLITS]
    return [name for name in [*array_names(parts), *beside] if name not in taken]


def one_axis(features: Iterable[Feature]) -> bool | None:
    """True if padded sequences and token ids have one length L; None for fewer than two."""
    steps = [
        f.values.steps if isinstance(f.values, Tokens) else np.shape(f.values)[1]
        for f in features
        if f.kind in ("padded", "tokens")
    ]
    return len(set(steps)) == 1 if len(steps) > 1 else None


def _ids(
    parts: Mapping[str, Arrays], roles: Mapping[str, str]
) -> tuple[dict[str, list[str]], dict[str, list[str]] | None]:
    """Return the ids and the videos of the samples by split, numbers where there are no ids."""
    if "id" not in roles:
        return {split: numbered(split, part.count) for split, part in parts.items()}, None
    name = roles["id"]
    stored = {split: part.rows(name) for split, part in parts.items()}
    return name_samples(next(iter(parts.values())).file, name, stored)


def _features(
    parts: Mapping[str, Arrays], roles: Mapping[str, str]
) -> dict[str, dict[str, Feature]]:
    """Return split -> column -> feature; kinds and widths must be those of the first split."""
    columns = {role: name for role, name in roles.items() if role not in SINGLE}
    made = {
        split: {role: part.feature(name) for role, name in columns.items()}
        for split, part in parts.items()
    }
    first, *others = made
    for split in others:
        for role, name in columns.items():
            kinds = [_kind(made[s][role]) for s in (first, split)]
            if kinds[0] != kinds[1]:
                raise DataError(
                    f"{parts[split].place(name)} holds {kinds[1]}, but in {first} {kinds[0]}; all "
                    f"splits need the same features"
                )
    return made


def _split(key: Any) -> str:
    name = text_of(key)
    return ALIASES.get(name, name)


def _kind(feature: Feature) -> str:
    if isinstance(feature.values, np.ndarray):
        return f"features {feature.values.shape[-1]} wide ({feature.kind})"
    return "strings" if feature.kind == "text" else "token ids"
