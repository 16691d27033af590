from __future__ import annotations

from torch import Tensor

from mindkit.api import Criterion
from mindkit_basics.criteria.statistics import row_cosines


class CosineDistance(Criterion):
    """Pull the two vectors of each sample into one direction: the mean of 1 - cos.

    Shapes: a (..., B, D), b (..., B, D) -> (...).

    Alone it is met by one vector for all samples; another term must prevent that.
    """

    role = "consistency"
    batched = True

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return 1 - row_cosines(a, b).mean(-1)
