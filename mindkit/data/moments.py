"""Mean and deviation of each feature, over blocks that are seen once, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Moments:
    """What `add` has seen so far, merged block by block (Chan, Golub and LeVeque 1983)."""

    def __init__(self, width: int) -> None:
        self.count = 0
        self.mean = np.zeros(width)
        self._squares = np.zeros(width)  # of the distances from the mean, summed
        self._low, self._high = np.full(width, np.inf), np.full(width, -np.inf)

    def add(self, block: Array) -> None:
        """Take the rows (n, F) in."""
        if not len(block):
            return
        values = block.astype(np.float64)
        mean = values.mean(axis=0)
        distance = mean - self.mean
        count = self.count + len(values)
        values -= mean
        self._squares += np.einsum("nf,nf->f", values, values)
        self._squares += distance**2 * (self.count * len(values) / count)
        self.mean += distance * (len(values) / count)
        self.count = count
        self._low = np.minimum(self._low, block.min(axis=0))
        self._high = np.maximum(self._high, block.max(axis=0))

    @property
    def deviation(self) -> Array:
        """(F,), dividing by the number of rows; 0 where a feature never varies."""
        # Rounding leaves a constant a deviation of about 1e-17; extremes are exact.
        deviation = np.sqrt(self._squares / max(self.count, 1))
        return np.where(self._low == self._high, 0.0, deviation)
