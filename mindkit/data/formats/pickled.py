"""What research pickles hold: dicts by the key of a sample, and its steps (n, F) in many guises."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, overload

import numpy as np

from mindkit.errors import DataError

MOST_NUMBERS = 2**27  # of one sample: a list may hold one list many times, and so claim anything

Array = np.ndarray[Any, Any]


def by_key(value: Any, file: str) -> dict[str, Any]:
    """Return the dict that `file` holds with its keys as strings; they may be numbers or bytes."""
    if not isinstance(value, dict) or not value:
        raise DataError(
            f"{file} holds {described(value)}; a dict with an entry for each sample is needed"
        )
    named = {text_of(key): entry for key, entry in value.items()}
    if len(named) != len(value):
        raise DataError(f"{file} has two entries for one sample, under keys of different types")
    return named


def text_of(value: Any) -> str:
    """Return a key, a label or a word as a string; bytes are UTF-8."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


class Steps(Sequence[Array]):
    """The steps (n, F) of N samples, each made from what the file holds when it is asked for.

    All are made once at the start, so that none fails later. places: where each stands, for
    messages. Raises DataError for a sample that is not (n, F) with the F of the others.
    """

    def __init__(self, values: Sequence[Any], places: Sequence[str]) -> None:
        self.width = 0
        self._values, self._places = values, places
        for place, value in zip(places, values, strict=True):
            steps = as_steps(value, place)
            if len(steps) and self.width and steps.shape[1] != self.width:
                raise DataError(
                    f"{place} is {steps.shape[1]} wide, but others are {self.width}; all samples "
                    f"need the same features, so extract them again alike"
                )
            self.width = steps.shape[1] or self.width
        if len(values) and not self.width:
            raise DataError(
                f"{places[0]} has no step, and no other sample of {len(values)} has one"
            )

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, index: int) -> Array: ...
    @overload
    def __getitem__(self, index: slice) -> list[Array]: ...
    def __getitem__(self, index: int | slice) -> Array | list[Array]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        steps = as_steps(self._values[index], self._places[index])
        return steps if len(steps) else np.zeros((0, self.width), np.float32)


def as_steps(value: Any, place: str) -> Array:
    """Return numbers (n, F), a view where there is an array; without a step they are (0, 0).

    value: an array or lists (n, F) or (n, 1, F), or n arrays (1, F). Raises DataError at `place`.
    """
    array = _as_array(value)
    if array is None or array.dtype.kind not in "fiub":
        raise DataError(f"{place} is {described(value)}; numbers (steps, features) are needed")
    if array.ndim and not len(array):
        return np.zeros((0, 0), np.float32)  # an empty list says nothing of its width
    if array.ndim == 3 and array.shape[1] == 1:
        array = array[:, 0]  # (n, F)
    if array.ndim != 2 or not array.shape[1]:
        raise DataError(f"{place} has shape {array.shape}; numbers (steps, features) are needed")
    return array


def as_integers(value: Any, place: str) -> Array:
    """Return whole numbers (n,) from 0 on as int64, out of a list or an array, floats too."""
    if steps_in(value, place) == 0:
        return np.zeros(0, np.int64)
    row = as_steps([value], place)[0]
    with np.errstate(invalid="ignore"):  # NaN and infinities become a number that differs
        numbers = row.astype(np.int64)
    if (numbers != row).any() or (numbers < 0).any():
        raise DataError(f"{place} holds {row.tolist()!s:.60}; whole numbers from 0 on are needed")
    return numbers


def steps_in(value: Any, place: str) -> int:
    """Return n of what may be (n, F), without a look at its numbers."""
    if isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim):
        return len(value)
    raise DataError(f"{place} is {described(value)}; a list or an array is needed")


def described(value: Any) -> str:
    """What a value is, in a few words for a message."""
    if isinstance(value, np.ndarray):
        return f"an array {value.dtype} {value.shape}"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, dict):
        return f"a dict of {len(value)}"
    return f"{value!r:.40}" if isinstance(value, str | int | float) else f"a {type(value).__name__}"


def _as_array(value: Any) -> Array | None:
    """The array, or that of lists or tuples that are as long as their neighbours; else None."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        value = value.tolist()
    if isinstance(value, np.ndarray):
        return value
    if not isinstance(value, list | tuple) or math.prod(_claim(value)) > MOST_NUMBERS:
        return None
    try:
        return np.asarray(value)
    except (ValueError, TypeError, OverflowError):
        return None  # lists of different lengths, or things that are no numbers


def _claim(value: Any) -> tuple[int, ...]:
    """The shape that nested lists claim by the first of each; more than any for a deep nest."""
    shape: tuple[int, ...] = ()
    while isinstance(value, list | tuple) and value:
        if len(shape) == 3:
            return (MOST_NUMBERS, 2)
        shape, value = (*shape, len(value)), value[0]
    return (*shape, *np.shape(value)) if isinstance(value, np.ndarray) else shape
