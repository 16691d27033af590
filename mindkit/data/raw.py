"""What a reader hands on: the samples as the file has them, neither checked nor converted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mindkit.kinds import Dataset

Array = np.ndarray[Any, Any]
FeatureKind = Literal["text", "tokens", "vector", "padded", "ragged"]

SPLITS = ("train", "valid", "test")
ALIASES = {"training": "train", "val": "valid", "validation": "valid", "dev": "valid"}


@dataclass(frozen=True)
class Feature:
    """One array of N samples, as stored; it may be a view of a file that is mapped into memory.

    kind, values: "text" N strings; "tokens" N integer arrays (n,); "vector" (N, F); "padded"
    (N, L, F) with zeros at either end; "ragged" N arrays (n, F).
    lengths: (N,) steps that the file says are real, of "padded" values; None where it says nothing.
    array: its name in the file. provenance: what it is, where the layout alone tells.
    """

    kind: FeatureKind
    values: Sequence[Any] | Array
    lengths: Array | None = None
    array: str = ""
    provenance: str = ""

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Part:
    """The N samples of one split.

    labels: (N,) numbers, or N names of classes. features: column -> feature; `text`, `audio` and
    `vision` are the modalities, other names are columns that a run may ask for.
    videos: the video, dialogue or speaker that each sample is cut from; None where unknown.
    places: where each sample stands in the file ("row 7", "item 7 of train"), for messages.
    """

    ids: list[str]
    labels: Array | list[str]
    features: dict[str, Feature]
    videos: list[str] | None = None
    places: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Drop:
    """Samples that a reader left out: how many of which split, and why."""

    split: str
    count: int
    reason: str


@dataclass
class Raw:
    """A data set as it was read.

    format: name of the reader. layout: what was recognised, in words. files: all that was read,
    the first being the file or folder that was named. parts: by split, in the order train, valid,
    test; "" holds samples of no split. roles: role ("label", "split", "audio", …) -> array.
    aligned: whether all modalities have one step a word; None where that is not said.
    unused: arrays of the file that become no column. notes: sentences about what was done.
    """

    format: str
    layout: str
    files: list[Path]
    parts: dict[str, Part]
    roles: dict[str, str] = field(default_factory=dict[str, str])
    aligned: bool | None = None
    drops: list[Drop] = field(default_factory=list[Drop])
    unused: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])

    @property
    def name(self) -> str:
        """The name of the file or folder, for messages."""
        return self.files[0].name


@dataclass(frozen=True)
class Request:
    """What the user asks of a reader, beside the path.

    dataset: the data set it is read as. columns: role -> array, "" to leave the role out.
    splits: split -> the cells that stand for it. folds: video -> split, where the file has no split
    of its own; those of the data set unless the user names others.
    """

    dataset: type[Dataset]
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    splits: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    folds: Mapping[str, str] = field(default_factory=dict[str, str])
