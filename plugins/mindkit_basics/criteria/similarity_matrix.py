from __future__ import annotations

from typing import Literal

from torch import Tensor

from mindkit.api import Criterion
from mindkit_basics.criteria.statistics import l2_rows, refuse_small


class SimilarityMatrix(Criterion):
    """Make two representations arrange the batch alike: compare their matrices of cosines.

    Shapes: a (..., B, D), b (..., B, E) -> (...).

    |S_a - S_b|², Frobenius norm, S the cosines between the samples of one representation; the
    widths may differ. It is the consistency of attention-based multi-channel graph networks.

    entries: the mean over the B² entries, or their sum.
    """

    role = "consistency"
    batched = True
    min_batch = 2

    def __init__(self, *, entries: Literal["mean", "sum"] = "mean") -> None:
        super().__init__()
        self.entries = entries

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        refuse_small(a.shape[-2], self.min_batch, "a similarity matrix")
        left, right = l2_rows(a), l2_rows(b)
        squares = (left @ left.mT - right @ right.mT).square()
        return squares.mean((-1, -2)) if self.entries == "mean" else squares.sum((-1, -2))
