"""The arrays that one split of a pickle holds, each of N samples, and what column each can be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mindkit.data.formats.pickled import described, steps_in, text_of
from mindkit.data.formats.token_ids import Tokens
from mindkit.data.raw import Array, Feature
from mindkit.errors import DataError, did_you_mean

TOKENS = "text_bert"
STATES = {768: "BERT states", 300: "GloVe vectors"}  # width of stored text -> what it must be


@dataclass
class Arrays:
    """The arrays of one split, by name. files: name -> the file it stands in, if not in `file`."""

    file: str
    split: str
    entries: dict[str, Any]
    count: int = 0
    files: dict[str, str] = field(default_factory=dict[str, str])

    def place(self, name: str) -> str:
        """Where an array stands, for messages."""
        return f"{self.files.get(name, self.file)}: {self.split}, {name}"

    def rows(self, name: str) -> Any:
        """The list or array under `name`, of as many samples as there are labels."""
        value = self.listed(name)
        if len(value) != self.count:
            raise DataError(
                f"{self.place(name)} has {len(value)} samples, but there are {self.count} labels; "
                f"leave it out with --column ROLE=, or mend the file"
            )
        return value

    def labels(self, name: str) -> Array:
        """The label array, as stored; from now on its length is the number of samples."""
        value = self.listed(name)
        self.count = len(value)
        if not self.count:
            raise DataError(f"{self.place(name)} is empty; every split needs a sample")
        return _strings(value) if _is_text(value) else as_numbers(value, self.place(name))

    def one_label(self, name: str) -> Array:
        """Numbers or strings (N,) out of labels (N,), (N, 1) or (N, 1, 1)."""
        labels = self.labels(name)
        if labels.size != len(labels):
            raise DataError(
                f"{self.place(name)} has shape {labels.shape}; one label a sample is needed, "
                f"choose another array with --column label=NAME"
            )
        return labels.reshape(-1)

    def lengths(self, name: str) -> Array | None:
        """Steps (N,) int64 that the file says are real of the array `name`; None if it does not."""
        name = lengths_of(name)
        if name not in self.entries:
            return None
        numbers = as_numbers(self.rows(name), self.place(name))
        right = numbers.size == len(numbers) and bool(np.isfinite(numbers).all())
        if not right or (numbers < 0).any():
            raise DataError(f"{self.place(name)} must be {self.count} numbers of steps, from 0 on")
        return numbers.reshape(-1).astype(np.int64)

    def feature(self, name: str) -> Feature:
        """The array `name` as a column: text, token ids, vectors or padded sequences."""
        value, place = self.rows(name), self.place(name)
        array = f"{self.files[name]}: {name}" if name in self.files else name
        if _is_text(value):
            return Feature("text", _strings(value).reshape(-1).tolist(), array=array)
        if name == TOKENS:
            return Feature("tokens", Tokens(value, place), None, array, "BERT token ids")
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
            return self._of_numbers(name, value, array)
        if isinstance(value[0], int | float | np.generic):
            return Feature("vector", as_numbers(value, place).reshape(-1, 1), array=array)
        raise DataError(
            f"{place} is {described(value)}; an array (N, L, F) of sequences or (N, F) of vectors, "
            f"or N strings are needed"
        )

    def _of_numbers(self, name: str, value: Array, array: str) -> Feature:
        if value.size == len(value):
            return Feature("vector", value.reshape(-1, 1), array=array)
        if value.ndim not in (2, 3) or 0 in value.shape:
            raise DataError(
                f"{self.place(name)} has shape {value.shape}; (N, L, F) of sequences or (N, F) of "
                f"vectors are needed"
            )
        provenance = STATES.get(value.shape[-1], "") if name == "text" else ""
        if value.ndim == 2:
            return Feature("vector", value, None, array, provenance)
        lengths = self.lengths(name)
        if lengths is None and name == "text" and TOKENS in self.entries:
            lengths = self._token_lengths(value.shape[1])
        return Feature("padded", value, lengths, array, provenance)

    def _token_lengths(self, steps: int) -> Array | None:
        """The lengths (N,) of stored states: those of the tokens, if they have as many steps."""
        tokens = Tokens(self.rows(TOKENS), self.place(TOKENS))
        return tokens.lengths if tokens.steps == steps else None

    def listed(self, name: str) -> Any:
        """What is stored under `name`, if it is a list or an array."""
        if name not in self.entries:
            raise DataError(
                f"{self.file}: {self.split} has no array '{name}', but another split has"
                f"{did_you_mean(name, list(self.entries))}"
            )
        value = self.entries[name]
        steps_in(value, self.place(name))
        return value


def lengths_of(name: str) -> str:
    """The array that holds the lengths of another."""
    return f"{name}_lengths"


def as_numbers(value: Any, place: str) -> Array:
    """An array of numbers (N, …) as it is; a list of N numbers or of N arrays of one as (N,)."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        return value
    return np.array([_number(cell, f"{place}, item {i}") for i, cell in enumerate(value)])


def _number(value: Any, place: str) -> float:
    array = np.asarray(value) if isinstance(value, int | float | np.ndarray | np.generic) else None
    if array is None or array.size != 1 or array.dtype.kind not in "fiub":
        raise DataError(f"{place} is {described(value)}; one number is needed")
    return array.item()


def _is_text(value: Any) -> bool:
    """True for N strings or bytes, in a list or an array (N,), (N, 1) or (N, 1, 1)."""
    if isinstance(value, np.ndarray):
        if value.size != len(value):
            return False
        value = value.reshape(-1).tolist()
    return all(isinstance(cell, str | bytes) for cell in value)


def _strings(value: Any) -> Array:
    """N strings (N,), as objects: an array of fixed width would be as wide as the longest."""
    cells = value.reshape(-1).tolist() if isinstance(value, np.ndarray) else value
    found = np.empty(len(cells), object)
    found[:] = [text_of(cell) for cell in cells]
    return found
