"""The rows of a table: which of them are kept, their ids, and their columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from mindkit.data.formats.table import Table
from mindkit.data.store import Column
from mindkit.errors import DataError, did_you_mean

SPLITS = ("train", "valid", "test")
ALIASES = {"training": "train", "val": "valid", "validation": "valid", "dev": "valid"}

Array = np.ndarray[Any, Any]


@dataclass
class Rows:
    """The rows of a table: which are kept, their ids, and their columns."""

    table: Table
    roles: Mapping[str, str]
    count: int
    nan: str
    kept: Array = field(default_factory=lambda: np.zeros(0, bool))
    ids: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])

    @property
    def file(self) -> str:
        return self.table.path.name

    def splits(self, renamed: Mapping[str, str] | None) -> list[str]:
        """The split of every row, "" where it has none; all three must occur."""
        column = self.roles["split"]
        cells = self.table.strings(column)
        self.refuse_length(column, len(cells))
        if renamed:
            for split in renamed:
                if split not in SPLITS:
                    raise DataError(f"no split '{split}'{did_you_mean(split, SPLITS)}")
            known = {value: split for split, value in renamed.items()}
        else:
            known = {**ALIASES, **{split: split for split in SPLITS}}
        found = [known.get(cell, "" if cell == "" else None) for cell in cells]
        if None in found:
            row = found.index(None)
            hint = did_you_mean(cells[row], list(known))
            raise DataError(
                f"{self.file}: column '{column}' holds '{cells[row]}' in row {row} "
                f"({found.count(None)} such rows), which is no split{hint}; "
                f"say what stands for a split with --split valid=NAME"
            )
        result = [split or "" for split in found]
        for split in SPLITS:
            if split not in result:
                raise DataError(
                    f"{self.file}: the {split} split is empty under column '{column}' "
                    f"({_counts(result)}); every split needs a row, choose another column with "
                    f"--column split=NAME"
                )
        return result

    def read_ids(self) -> None:
        """The ids of the kept rows; unique, and row numbers where the table has none."""
        rows = np.flatnonzero(self.kept)
        if "id" not in self.roles:
            self.ids = [f"row{row}" for row in rows]
            self.notes.append("no id column: ids are row numbers, counted from 0")
            return
        parts = [self.table.strings(part) for part in self.roles["id"].split("+")]
        for part, cells in zip(self.roles["id"].split("+"), parts, strict=True):
            self.refuse_length(part, len(cells))
        self.ids = ["_".join(cells[row] for cells in parts) for row in rows]
        repeated = [(name, n) for name, n in Counter(self.ids).items() if n > 1]
        if repeated:
            name, times = repeated[0]
            raise DataError(
                f"{self.file}: id '{name}' occurs {times} times in column '{self.roles['id']}' "
                f"({len(repeated)} ids are repeated); ids must be unique, choose another column "
                f"with --column id=NAME, or leave it out with --column id="
            )

    def refuse_length(self, name: str, length: int) -> None:
        """Raise if the array `name` has another number of rows than there are labels."""
        if length != self.count:
            raise DataError(
                f"{self.file}: array '{name}' has {length} rows, but '{self.roles['label']}' has "
                f"{self.count}; leave it out with --column ROLE=, or mend the file"
            )

    def place(self, sample: int) -> str:
        """Where the kept sample number `sample` stands in the file."""
        return f"row {np.flatnonzero(self.kept)[sample]} (id {self.ids[sample]})"

    def column(self, modality: str, name: str) -> Column:
        """The kept rows of one modality: text, vectors or sequences, checked."""
        array = self.table.array(name)
        provenance = f"array '{name}' of {self.file}"
        if isinstance(array, list) or array.dtype.kind in "US":
            return Column.of_text(self.texts(modality, name), provenance)
        if array.dtype.kind not in "fiub":
            raise DataError(
                f"{self.file}: array '{name}' ({modality}) is {array.dtype}; numbers or text are "
                f"needed"
            )
        if array.ndim == 2 and self.is_ragged(len(array)):
            bounds = self.bounds()
            keep = np.repeat(self.kept, np.diff(bounds))
            lengths = np.diff(bounds)[self.kept]
            values = self.finite(name, array[keep], np.repeat(np.arange(len(lengths)), lengths))
            return _ragged(values, lengths, provenance)
        self.refuse_length(name, len(array))
        if array.ndim > 1 and 0 in array.shape[1:]:
            raise DataError(
                f"{self.file}: array '{name}' ({modality}) has shape {array.shape}, which holds no "
                f"feature; leave it out with --column {modality}=, or mend the file"
            )
        kept = array[self.kept]
        values = self.finite(name, kept, np.arange(len(kept)))
        if array.ndim == 2:
            return Column.of_vectors(torch.from_numpy(values), provenance)
        if array.ndim == 3:
            values, lengths = _trim(values)
            return _ragged(values, lengths, provenance)
        raise DataError(
            f"{self.file}: array '{name}' ({modality}) has shape {array.shape}; (N, F) vectors, "
            f"(N, L, F) sequences, or all steps with an array 'offsets' are needed"
        )

    def texts(self, modality: str, name: str) -> list[str]:
        """The kept rows as strings; words of a ragged array are joined by blanks."""
        strings = self.table.strings(name)
        if len(strings) != self.count and self.is_ragged(len(strings)):
            bounds = self.bounds().tolist()
            starts, stops = bounds[:-1], bounds[1:]
            strings = [" ".join(strings[a:b]) for a, b in zip(starts, stops, strict=True)]
        self.refuse_length(name, len(strings))
        kept = [text for text, keep in zip(strings, self.kept, strict=True) if keep]
        empty = [sample for sample, text in enumerate(kept) if not text.strip()]
        if empty:
            self.notes.append(
                f"{modality}: {len(empty)} texts are empty, first {self.place(empty[0])}"
            )
        return kept

    def is_ragged(self, rows: int) -> bool:
        """True if an array of so many rows holds the steps of all samples, one after the other."""
        return "offsets" in self.roles and rows == self.bounds()[-1]

    def bounds(self) -> Array:
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

    def finite(self, name: str, values: Array, sample: Array) -> Array:
        """Values as float32, without NaN and infinities; `sample` is the sample of each row."""
        with np.errstate(over="ignore"):  # what is too large for float32 is found below
            values = values.astype(np.float32)
        bad = ~np.isfinite(values)
        if not bad.any():
            return values
        rows = np.flatnonzero(bad.reshape(len(bad), -1).any(1))
        where = f"{bad.sum()} values in {len(np.unique(sample[rows]))} samples of array '{name}'"
        first = f"first at {self.place(int(sample[rows[0]]))}"
        if self.nan == "error":
            raise DataError(
                f"{self.file}: {where} are NaN or infinite, {first}; mend them, or set them to 0 "
                f"with --nan zero"
            )
        self.notes.append(f"{where} were NaN or infinite and are set to 0, {first}")
        return np.where(bad, np.float32(0), values)

    def note_left_out(self) -> None:
        """Say how many rows belong to no split."""
        left_out = self.count - int(self.kept.sum())
        if left_out:
            self.notes.append(
                f"{left_out} of {self.count} rows have no '{self.roles['split']}' and are left out"
            )


def _ragged(values: Array, lengths: Array, provenance: str) -> Column:
    """A sequence column; a sample without a step gets one step of zeros."""
    if (lengths == 0).any():
        starts = lengths.cumsum() - lengths
        values = np.insert(values, starts[lengths == 0], 0, axis=0)
        lengths = np.maximum(lengths, 1)
    offsets = torch.from_numpy(np.concatenate([[0], lengths.cumsum()]).astype(np.int64))
    return Column("sequence", torch.from_numpy(np.ascontiguousarray(values)), offsets, provenance)


def _trim(values: Array) -> tuple[Array, Array]:
    """Steps (sum L, F) and lengths (N,) of (N, L, F), without all-zero steps at either end."""
    real = (values != 0).any(2)
    length = values.shape[1]
    first = np.where(real.any(1), real.argmax(1), 0)
    last = np.where(real.any(1), length - 1 - real[:, ::-1].argmax(1), 0)
    steps = np.arange(length)
    keep = (steps >= first[:, None]) & (steps <= last[:, None])
    return values[keep], last - first + 1


def _counts(splits: list[str]) -> str:
    return ", ".join(f"{split} {splits.count(split)}" for split in SPLITS)
