"""Plain tables as data sets: one row a sample, or all steps in one array that `offsets` cuts.

text, words           strings; words of all samples, one after the other, with `offsets`
audio, vision, …      vectors (N, F), sequences (N, L, F) padded at either end, or all steps
                      (sum L, F) with `offsets` (N + 1)
label, split, id      one a row; "season+episode+clip" are columns joined; ids may be left out
video_id              the video of each row; with folds it stands in for the split
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mindkit.data.formats.named_arrays import SUFFIXES, read_table
from mindkit.data.raw import SPLITS, Feature, Part, Raw, Request
from mindkit.data.roles import OBVIOUS, assign_roles, modalities_of
from mindkit.data.rows import Rows
from mindkit.data.source import Source
from mindkit.errors import DataError

TITLE = "table: .npz without pickles, .csv or .tsv, with a row for each sample"
KINDS = {".npz": "NumPy archive", ".csv": "table with commas", ".tsv": "table with tabs"}

Array = np.ndarray[Any, Any]


def recognises(source: Source) -> bool:
    """True for a file that is called a table."""
    return not source.is_folder and source.path.suffix.lower() in SUFFIXES


def read(source: Source, request: Request) -> Raw:
    """Read the arrays that play a role; rows without a split are in the part "".

    Raises DataError where no label, split or modality is found, and for a row or an array that does
    not fit, with its place.
    """
    table = read_table(source.path)
    own = request.dataset.columns
    roles = assign_roles(table, request.columns, own, folds=bool(request.folds))
    rows = Rows(table, roles, len(table.array(roles["label"])))
    split_of = np.array(rows.splits(request), dtype=object)
    labels = rows.labels(split_of != "", request.dataset)
    ids = rows.ids()
    videos = rows.cells("video_id") if "video_id" in roles else None
    features = _features(rows, request)
    parts = {}
    for split in (*SPLITS, ""):
        members = np.flatnonzero(split_of == split)
        if len(members):
            parts[split] = Part(
                _take(ids, members),
                _take(labels, members),
                {name: _taken(feature, members) for name, feature in features.items()},
                None if videos is None else _take(videos, members),
                [f"row {row}" for row in members],
            )
    suffix = source.path.suffix.lower()
    raw = Raw("table", f"{KINDS[suffix]} ({suffix})", [source.path], parts, roles)
    raw.aligned, raw.notes, raw.unused = _aligned(rows, features), rows.notes, _unused(rows)
    return raw


def _features(rows: Rows, request: Request) -> dict[str, Feature]:
    """The modalities of all rows; one that has some rows only is left out, unless asked for."""
    found = {}
    for modality, name in modalities_of(rows.roles).items():
        index = rows.some_rows(name)
        if index and modality not in request.columns:
            some = len(rows.table.array(name))
            rows.notes.append(
                f"'{name}' covers {some} of {rows.count} rows only ('{index}'), so {modality} is "
                f"left out"
            )
            del rows.roles[modality]
        else:
            found[modality] = rows.feature(modality, name)
    if not found:
        raise DataError(f"{rows.file}: {rows.notes[-1]}, and no modality remains; fill up the rows")
    return found


def _aligned(rows: Rows, features: dict[str, Feature]) -> bool | None:
    """True if all numbers have one step for each of the words."""
    words = any(name in rows.table.names for name in OBVIOUS["words"])
    numbers = [feature for feature in features.values() if feature.kind != "text"]
    return True if words and numbers and all(f.kind == "ragged" for f in numbers) else None


def _unused(rows: Rows) -> list[str]:
    taken = {part for array in rows.roles.values() for part in array.split("+")}
    groups = rows.table.groups
    taken |= {column for group in taken for column in groups.get(group, ())}
    return [array for array in rows.table.names if array not in taken and array not in groups]


def _taken(feature: Feature, members: Array) -> Feature:
    values = _take(feature.values, members)
    return Feature(feature.kind, values, array=feature.array)


def _take(values: Sequence[Any] | Array, members: Array) -> Any:
    """The rows `members`, which ascend; a view where they follow each other."""
    first, last = int(members[0]), int(members[-1])
    if last - first + 1 == len(members):
        return values[first : last + 1]
    return values[members] if isinstance(values, np.ndarray) else [values[m] for m in members]
