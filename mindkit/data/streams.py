"""The real steps of a feature, in pieces of a few megabytes, whatever the layout of the file."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mindkit.data.padding import Side, side_of, windows
from mindkit.data.raw import Array, Feature
from mindkit.data.store import ColumnKind
from mindkit.errors import DataError

PIECE = 1 << 22  # bytes; what fits a cache is fetched from memory once
Piece = tuple[Array, Array]  # values (n, F) or (n,) as stored, and the sample (n,) of each


@dataclass(frozen=True)
class Window:
    """The steps of N padded samples that are kept: from `first` (N,) up to `last` (N,).

    filled: (N,) whether any step is not all zeros.
    """

    first: Array
    last: Array
    filled: Array


@dataclass(frozen=True)
class Stream:
    """N samples of numbers. lengths: (N,) steps of each, None for vectors; width: F, 0 for tokens.

    side: on which padding was found.
    """

    kind: ColumnKind
    lengths: Array | None
    width: int
    count: int
    pieces: Callable[[], Iterator[Piece]]
    side: Side = "none"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of all values, one piece after the other."""
        rows = self.count if self.lengths is None else int(self.lengths.sum())
        return (rows,) if self.kind == "tokens" else (rows, self.width)


def window_of(feature: Feature, where: str) -> Window:
    """Look at all of a padded feature (N, L, F), piece by piece, for its real steps."""
    _refuse_odd(feature.values, 3, where)
    count = len(feature)
    found = Window(np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, bool))
    for rows in _spans(feature.values):
        lengths = None if feature.lengths is None else np.asarray(feature.lengths)[rows]
        values = np.asarray(feature.values[rows])
        found.first[rows], found.last[rows], found.filled[rows] = windows(values, lengths)
    return found


def common_window(windows: Sequence[Window]) -> Window:
    """The window that holds the real steps of all of several aligned features."""
    first = np.min([np.where(w.filled, w.first, np.iinfo(np.int64).max) for w in windows], axis=0)
    last = np.max([np.where(w.filled, w.last, 0) for w in windows], axis=0)
    filled = np.any([w.filled for w in windows], axis=0)
    return Window(np.where(filled, first, 0), np.where(filled, last, 1), filled)


def stream_of(feature: Feature, where: str, window: Window | None = None) -> Stream:
    """Return the samples of a feature that is no text; one without a step gets one of zeros.

    where: the array, for messages. window: of a padded feature, where it has been looked at.
    Raises DataError for values that are no numbers, or not alike in width.
    """
    if feature.kind == "vector":
        return _vectors(feature.values, where)
    if feature.kind == "padded":
        return _padded(feature, where, window)
    return _ragged(feature.values, where, feature.kind == "tokens")


def _vectors(values: Any, where: str) -> Stream:
    _refuse_odd(values, 2, where)

    def pieces() -> Iterator[Piece]:
        for rows in _spans(values):
            yield values[rows], np.arange(rows.start, rows.stop)

    return Stream("vector", None, values.shape[1], len(values), pieces)


def _padded(feature: Feature, where: str, window: Window | None) -> Stream:
    kept = window_of(feature, where) if window is None else window
    values: Array = feature.values  # type: ignore[assignment]
    lengths = kept.last - kept.first

    def pieces() -> Iterator[Piece]:
        steps = np.arange(values.shape[1])
        for rows in _spans(values):
            inside = steps >= kept.first[rows, None]
            inside &= steps < kept.last[rows, None]
            sample = np.repeat(np.arange(rows.start, rows.stop), lengths[rows])
            yield values[rows][inside], sample

    side = side_of(kept.first[kept.filled], kept.last[kept.filled], values.shape[1])
    return Stream("sequence", lengths, values.shape[2], len(values), pieces, side)


def _ragged(values: Any, where: str, tokens: bool) -> Stream:
    axes = 1 if tokens else 2
    width, lengths = 0, np.zeros(len(values), np.int64)
    for sample, value in enumerate(values):
        _refuse_odd(value, axes, f"{where}, sample {sample}", tokens)
        lengths[sample] = max(len(value), 1)
        if not tokens and len(value):
            if width and value.shape[1] != width:
                raise DataError(
                    f"{where} is {value.shape[1]} wide in sample {sample}, but {width} before; all "
                    f"samples need the same features"
                )
            width = value.shape[1]

    def pieces() -> Iterator[Piece]:
        held: list[Array] = []
        size = first = 0
        for sample, value in enumerate(values):
            shape = (1,) if tokens else (1, width)
            held.append(value if len(value) else np.zeros(shape, value.dtype))
            size += held[-1].nbytes
            if size >= PIECE or sample + 1 == len(values):
                numbers = np.repeat(np.arange(first, sample + 1), [len(each) for each in held])
                yield np.concatenate(held), numbers
                held, size, first = [], 0, sample + 1

    return Stream("tokens" if tokens else "sequence", lengths, width, len(values), pieces)


def _refuse_odd(values: Any, axes: int, where: str, tokens: bool = False) -> None:
    """Raise unless these are numbers, with so many axes and a feature in each row."""
    if not isinstance(values, np.ndarray) or values.dtype.kind not in ("iub" if tokens else "fiub"):
        kind = values.dtype if isinstance(values, np.ndarray) else type(values).__name__
        wanted = "whole numbers" if tokens else "numbers or text"
        raise DataError(f"{where} is {kind}; {wanted} are needed")
    if values.ndim != axes:
        raise DataError(f"{where} has shape {values.shape}; {axes} axes are needed")
    if len(values) and 0 in values.shape[1:]:
        raise DataError(f"{where} has shape {values.shape}, which holds no feature")


def _spans(values: Any) -> Iterator[slice]:
    """Slices of samples that hold a few megabytes each."""
    count = len(values)
    size = max(1, PIECE * count // max(values.nbytes, 1)) if count else 1
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))
        _let_go(values)


def _let_go(values: Array) -> None:
    """Tell the system that what was read of a mapped file is not needed any more.

    The pages could be taken back at any time, but until then they count as used memory.
    """
    base: Any = values
    while isinstance(base, np.ndarray):
        base = base.base
    base = base.obj if isinstance(base, memoryview) else base
    if isinstance(base, mmap.mmap) and not values.flags.writeable:
        base.madvise(mmap.MADV_DONTNEED)
