from __future__ import annotations

from torch import Tensor

from mindkit.api import Criterion
from mindkit_basics.criteria.statistics import row_cosines


class SquaredCosine(Criterion):
    """Push the two vectors of each sample to a right angle: the mean of cos².

    Shapes: a (..., B, D), b (..., B, D) -> (...).
    """

    role = "difference"
    batched = True

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return row_cosines(a, b).square().mean(-1)
