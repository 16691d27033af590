from __future__ import annotations

from torch import Tensor

from mindkit.api import Criterion
from mindkit_basics.criteria.statistics import refuse_unlike


class Mse(Criterion):
    """Pull the two vectors of each sample together: the mean squared difference of their entries.

    Shapes: a (..., B, D), b (..., B, D) -> (...).

    Alone it is met by one vector for all samples; another term must prevent that.
    """

    role = "consistency"
    batched = True

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        refuse_unlike(a, b)
        return (a - b).square().mean((-1, -2))
