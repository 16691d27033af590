"""The rows of a table: their splits, ids and labels, and what the other arrays say of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mindkit.data.formats.named_arrays import Table, is_number
from mindkit.data.raw import ALIASES, SPLITS, Feature, Request
from mindkit.errors import DataError, did_you_mean
from mindkit.kinds import Dataset

FOLDS = "folds"  # what plays the role of the split where videos tell it

Array = np.ndarray[Any, Any]


@dataclass
class Rows:
    """The rows of a table, of which there are as many as labels."""

    table: Table
    roles: dict[str, str]
    count: int
    notes: list[str] = field(default_factory=list[str])

    @property
    def file(self) -> str:
        return self.table.path.name

    def cells(self, role: str) -> list[str]:
        """The strings of a role; those of several columns, "season+episode", are joined by "_"."""
        names = self.roles[role].split("+")
        columns = [self.table.strings(name) for name in names]
        for name, column in zip(names, columns, strict=True):
            self.refuse_length(name, len(column))
        return ["_".join(cells) for cells in zip(*columns, strict=True)]

    def splits(self, request: Request) -> list[str]:
        """The split of every row, "" where it has none."""
        if "split" not in self.roles:
            return self._splits_by_video(request.folds)
        column = self.roles["split"]
        cells = self.cells("split")
        known = known_cells(request)
        found = [known.get(cell, "" if cell == "" else None) for cell in cells]
        if None in found:
            row = found.index(None)
            hint = did_you_mean(cells[row], list(known))
            raise DataError(
                f"{self.file}: column '{column}' holds '{cells[row]}' in row {row} "
                f"({found.count(None)} such rows), which is no split{hint}; "
                f"say what stands for a split with --split valid=NAME"
            )
        splits = [split or "" for split in found]
        if left_out := splits.count(""):
            self.notes.append(
                f"{left_out} of {self.count} rows have no '{column}' and are left out"
            )
        return splits

    def _splits_by_video(self, folds: Mapping[str, str]) -> list[str]:
        videos = self.cells("video_id")
        splits = [folds.get(video, "") for video in videos]
        self.roles["split"] = FOLDS
        self.notes.append(
            f"no column of splits: each row is in that of its video ('{self.roles['video_id']}'), "
            f"by the folds"
        )
        if "" in splits:
            strange = {video for video, split in zip(videos, splits, strict=True) if not split}
            self.notes.append(
                f"{splits.count('')} of {self.count} rows are left out: their {len(strange)} "
                f"videos are in no fold, first '{min(strange)}'"
            )
        return splits

    def ids(self) -> list[str]:
        """The ids of all rows; row numbers where the table has none."""
        if "id" in self.roles:
            return self.cells("id")
        self.notes.append("no id column: ids are row numbers, counted from 0")
        return [f"row{row}" for row in range(self.count)]

    def labels(self, wanted: Array, dataset: type[Dataset]) -> Array | list[str]:
        """Numbers (N,) or N names; text is read as numbers where all `wanted` (N,) rows hold some.

        Numbers that are names of classes stay names.
        """
        name = self.roles["label"]
        labels = self.table.array(name)
        if not isinstance(labels, list):
            if labels.dtype.kind not in "US":
                if labels.size != len(labels) or labels.dtype.kind not in "fiub":
                    raise DataError(
                        f"{self.file}: array '{name}' (label) is {labels.dtype} {labels.shape}; "
                        f"one number a row is needed"
                    )
                return labels.reshape(-1)
            labels = self.table.strings(name)
        kept = [cell for cell, keep in zip(labels, wanted, strict=True) if keep]
        if set(kept) <= set(dataset.classes) or not all(map(is_number, kept)):
            return labels
        return np.array([float(c) if is_number(c) else np.nan for c in labels])

    def feature(self, modality: str, name: str) -> Feature:
        """The array as text, vectors or sequences of all rows."""
        array = self.table.array(name)
        if isinstance(array, list) or array.dtype.kind in "US":
            return Feature("text", self._texts(name), array=name)
        if array.dtype.kind not in "fiub":
            raise DataError(
                f"{self.file}: array '{name}' ({modality}) is {array.dtype}; numbers or text are "
                f"needed"
            )
        if array.ndim == 2 and self._is_ragged(len(array)):
            return Feature("ragged", np.split(array, self._bounds()[1:-1]), array=name)
        self.refuse_length(name, len(array))
        if array.ndim > 1 and 0 in array.shape[1:]:
            raise DataError(
                f"{self.file}: array '{name}' ({modality}) has shape {array.shape}, which holds no "
                f"feature; leave it out with --column {modality}=, or mend the file"
            )
        if array.ndim not in (2, 3):
            raise DataError(
                f"{self.file}: array '{name}' ({modality}) has shape {array.shape}; (N, F) "
                f"vectors, (N, L, F) sequences, or all steps with an array 'offsets' are needed"
            )
        return Feature("vector" if array.ndim == 2 else "padded", array, array=name)

    def some_rows(self, name: str) -> str:
        """The array that says which rows `name` has, where it has not all; "" if there is none."""
        index = f"{name}_rows"
        partial = index in self.table.names and len(self.table.array(name)) != self.count
        return index if partial else ""

    def refuse_length(self, name: str, length: int) -> None:
        """Raise if the array `name` has another number of rows than there are labels."""
        if length != self.count:
            raise DataError(
                f"{self.file}: array '{name}' has {length} rows, but '{self.roles['label']}' has "
                f"{self.count}; leave it out with --column ROLE=, or mend the file"
            )

    def _texts(self, name: str) -> list[str]:
        """Strings, one a row; words of a ragged array are joined by blanks."""
        strings = self.table.strings(name)
        if len(strings) != self.count and self._is_ragged(len(strings)):
            bounds = self._bounds().tolist()
            starts, stops = bounds[:-1], bounds[1:]
            strings = [" ".join(strings[a:b]) for a, b in zip(starts, stops, strict=True)]
        self.refuse_length(name, len(strings))
        return strings

    def _is_ragged(self, rows: int) -> bool:
        """True if an array of so many rows holds the steps of all samples, one after the other."""
        return "offsets" in self.roles and rows == self._bounds()[-1]

    def _bounds(self) -> Array:
        """Row bounds (N + 1,) from the offsets, checked."""
        name = self.roles["offsets"]
        bounds = np.asarray(self.table.array(name))
        right = bounds.ndim == 1 and bounds.dtype.kind in "iu" and len(bounds) == self.count + 1
        if not right or bounds[0] != 0 or (np.diff(bounds.astype(np.int64)) < 0).any():
            raise DataError(
                f"{self.file}: array '{name}' must be {self.count + 1} integers that start at 0 "
                f"and never fall, one bound more than there are labels; it is {bounds.dtype} "
                f"{bounds.shape}"
            )
        return bounds.astype(np.int64)


def known_cells(request: Request) -> dict[str, str]:
    """Cell of the split column -> split: as the user says, else as is usual for the data set.

    A split of which the user says nothing keeps its usual cells.
    """
    for split in request.splits:
        if split not in SPLITS:
            raise DataError(f"no split '{split}'{did_you_mean(split, SPLITS)}")
    usual = {**ALIASES, **{split: split for split in SPLITS}}
    usual |= {cell: s for s, several in request.dataset.split_cells.items() for cell in several}
    named = [(cell, split) for split, several in request.splits.items() for cell in several]
    twice = [cell for cell, times in Counter(cell for cell, _ in named).items() if times > 1]
    if twice:
        raise DataError(f"'{twice[0]}' cannot stand for two splits; name it once with --split")
    kept = {cell: split for cell, split in usual.items() if split not in request.splits}
    return kept | dict(named)
