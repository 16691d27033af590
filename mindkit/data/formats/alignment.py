"""Word alignment, as the CMU SDK defines it: which entries of a stream fall into which interval."""

from __future__ import annotations

import numpy as np

from mindkit.data.raw import Array

SHORTEST = 1e-5  # seconds; what is shorter is empty but for rounding


def lasting(intervals: Array) -> Array:
    """Which of the intervals (T, 2) last long enough to hold anything, bool (T,)."""
    with np.errstate(invalid="ignore"):  # infinite times give NaN, which lasts for nothing
        return intervals[:, 1] - intervals[:, 0] >= SHORTEST


def overlapping(interval: Array, entries: Array) -> Array:
    """Which of the entries (T, 2) overlap the interval (2,), bool (T,); a shared end is no overlap.

    All in seconds.
    """
    start = np.maximum(entries[:, 0], interval[0])
    stop = np.minimum(entries[:, 1], interval[1])
    return lasting(np.stack([start, stop], 1))


def averages(intervals: Array, entries: Array, values: Array) -> tuple[Array, Array]:
    """Return means (W, D) float32 of the values (T, D) whose entries overlap, and how many do (W,).

    intervals (W, 2) and entries (T, 2) in seconds. Entries count alike, however little of them lies
    in the interval. An interval without entries has zeros.
    """
    means = np.zeros((len(intervals), values.shape[1]), np.float32)
    counts = np.zeros(len(intervals), np.int64)
    order = np.flatnonzero(lasting(entries))
    order = order[np.argsort(entries[order, 0], kind="stable")]
    entries = entries[order]
    reach = np.maximum.accumulate(entries[:, 1])  # entries before `first` have all ended
    first = np.searchsorted(reach, intervals[:, 0], side="right")
    last = np.searchsorted(entries[:, 0], intervals[:, 1])
    for word, interval in enumerate(intervals):
        near = slice(first[word], last[word])
        inside = order[near][overlapping(interval, entries[near])]
        counts[word] = len(inside)
        if len(inside):
            with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
                means[word] = values[inside].mean(0, dtype=np.float64)
    return means, counts
