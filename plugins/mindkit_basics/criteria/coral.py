from __future__ import annotations

from torch import Tensor

from mindkit.api import Criterion
from mindkit_basics.criteria.statistics import centred, refuse_small


class Coral(Criterion):
    """Compare two distributions by their covariances (Sun and Saenko 2016).

    Shapes: a (..., B, D), b (..., B, D) -> (...).

    |Cov(a) - Cov(b)|² / (4 D²), Frobenius norm, unbiased covariances. The pairing of the samples
    has no part in it.

    means: whether the mean squared difference of the means is added.
    """

    role = "consistency"
    batched = True
    min_batch = 2

    def __init__(self, *, means: bool = False) -> None:
        super().__init__()
        self.means = means

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        refuse_small(min(a.shape[-2], b.shape[-2]), self.min_batch, "a covariance")
        gap = (_covariance(a) - _covariance(b)).square().sum((-1, -2)) / (4 * a.shape[-1] ** 2)
        if not self.means:
            return gap
        return gap + (a.mean(-2) - b.mean(-2)).square().mean(-1)


def _covariance(x: Tensor) -> Tensor:
    x = centred(x)
    return x.mT @ x / (x.shape[-2] - 1)
