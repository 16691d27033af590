from __future__ import annotations

from torch import Tensor

from mindkit.api import Criterion
from mindkit_basics.criteria.statistics import row_cosines


class AbsoluteCosine(Criterion):
    """Push the two vectors of each sample to a right angle: the mean of |cos|.

    Shapes: a (..., B, D), b (..., B, D) -> (...).

    It goes on pulling at angles that are nearly right, where squared_cosine lets go.
    """

    role = "difference"
    batched = True

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return row_cosines(a, b).abs().mean(-1)
