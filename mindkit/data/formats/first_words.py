"""What MultiBench does to its sequences: none without text, and none of what precedes the text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np

from mindkit.data.padding import real_steps
from mindkit.data.raw import Array, Feature, Part

BLOCK = 1024  # samples looked at together


@dataclass(frozen=True)
class Cut(Sequence[Array]):
    """Views of the steps from `first` to `last`, exclusive, of the samples `rows` of (N, L, F)."""

    values: Array
    rows: Array
    first: Array
    last: Array

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> Cut: ...
    def __getitem__(self, index: int | slice) -> Array | Cut:
        if isinstance(index, slice):
            return replace(self, rows=self.rows[index])
        row = self.rows[index]
        return self.values[row, self.first[row] : self.last[row]]


def from_first_word(part: Part, text: Array) -> Part:
    """The samples of `part` whose text (N, L, F) is not zero, from their first word on.

    Modalities with as many steps as text start where it does and end with the last step that is
    real in any, so that they stay aligned; others lose the zeros at their own ends.
    """
    filled, start, stop = _real(text)
    padded = {role: f.values for role, f in part.features.items() if f.kind == "padded"}
    bounds = {role: _real(np.asarray(values))[1:] for role, values in padded.items()}
    beside = [role for role in padded if np.shape(padded[role])[1] == text.shape[1]]
    stop = np.max([stop, *(bounds[role][1] for role in beside)], axis=0)
    bounds |= {role: (start, stop) for role in beside}
    rows = np.flatnonzero(filled)
    features = {
        role: _cut(feature, rows, *bounds[role]) if role in bounds else _taken(feature, rows)
        for role, feature in part.features.items()
    }
    listed = rows.tolist()
    return Part(
        [part.ids[row] for row in listed],
        [part.labels[row] for row in listed]
        if isinstance(part.labels, list)
        else part.labels[rows],
        features,
        part.videos and [part.videos[row] for row in listed],
        part.places and [part.places[row] for row in listed],
    )


def _real(values: Array) -> tuple[Array, Array, Array]:
    """Which samples of (N, L, F) are not all zero, and their first and last real step."""
    found = []
    for start in range(0, len(values), BLOCK):
        block = values[start : start + BLOCK]
        found.append(((block != 0).any(axis=(1, 2)), *real_steps(block)))
    filled, first, last = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return filled, first, last


def _cut(feature: Feature, rows: Array, first: Array, last: Array) -> Feature:
    steps = Cut(np.asarray(feature.values), rows, first, last)
    return Feature("ragged", steps, None, feature.array, feature.provenance)


def _taken(feature: Feature, rows: Array) -> Feature:
    values = feature.values
    taken = values[rows] if isinstance(values, np.ndarray) else [values[row] for row in rows]
    return replace(feature, values=taken)
