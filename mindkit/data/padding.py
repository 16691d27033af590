"""Which steps of padded sequences are real: padding is rows of zeros at either end."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, Any]
Side = Literal["trailing", "leading", "both", "none", "unclear"]


def real_steps(values: Array, lengths: Array | None = None) -> tuple[Array, Array]:
    """First (N,) and last (N,) real step of padded values (N, L, F), the last one exclusive.

    NaN and infinities are real. lengths: (N,) steps that the file says are real, 0 counting as 1;
    believed for a sample where all behind them is zero, or all before the last so many is zero.
    A sample of zeros, without a length, has one step.
    """
    return windows(values, lengths)[:2]


def windows(values: Array, lengths: Array | None = None) -> tuple[Array, Array, Array]:
    """As `real_steps`, and for each sample whether it is more than zeros: bool (N,)."""
    steps = values.shape[1]
    real = (values != 0).any(axis=2)
    filled = real.any(axis=1)
    first = np.where(filled, real.argmax(axis=1), 0)
    last = np.where(filled, steps - real[:, ::-1].argmax(axis=1), 1)
    if lengths is None:
        return first, last, filled
    said = np.clip(np.asarray(lengths).reshape(-1), 1, steps).astype(np.int64)
    trailing = ~filled | (last <= said)
    leading = ~trailing & (first >= steps - said)
    first = np.where(trailing, 0, np.where(leading, steps - said, first))
    last = np.where(trailing, said, np.where(leading, steps, last))
    return first, last, filled


def padding_side(values: Array, lengths: Array | None = None) -> Side:
    """The side on which values (N, L, F) are padded.

    "both" if some samples have zeros in front and some behind, "none" if no sample has any, and
    "unclear" if there is nothing but zeros. lengths: as in `real_steps`.
    """
    first, last, filled = windows(values, lengths)
    return side_of(first[filled], last[filled], values.shape[1])


def side_of(first: Array, last: Array, steps: int) -> Side:
    """The padding side of samples of L `steps`, whose real steps are known; zeros left aside."""
    if not len(first):
        return "unclear"
    leading, trailing = bool((first > 0).any()), bool((last < steps).any())
    if leading and trailing:
        return "both"
    return "leading" if leading else "trailing" if trailing else "none"
