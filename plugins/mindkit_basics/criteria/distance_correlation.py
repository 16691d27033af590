from __future__ import annotations

from torch import Tensor

from mindkit.api import Criterion
from mindkit_basics.criteria.kernels import squared_distances
from mindkit_basics.criteria.statistics import centred, refuse_small


class DistanceCorrelation(Criterion):
    """Measure dependence by distance correlation (Székely et al. 2007), 0 to 1.

    Shapes: a (..., B, D), b (..., B, E) -> (...).

    sqrt(dCov²(a, b) / sqrt(dVar²(a) dVar²(b))), where dCov² is the mean of A ∘ B, the matrices of
    Euclidean distances with rows and columns centred (the V-statistic, which a small batch biases
    upwards). Constant input gives 0.

    squared: whether dCor² is returned.
    eps: added to each squared distance under the root, whose gradient at 0 is infinite.
    """

    role = "difference"
    batched = True
    min_batch = 2

    def __init__(self, *, squared: bool = False, eps: float = 1e-12) -> None:
        super().__init__()
        self.squared, self.eps = squared, eps

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        refuse_small(a.shape[-2], self.min_batch, "a distance correlation")
        first, second = self._centred_distances(a), self._centred_distances(b)
        shared = (first * second).mean((-1, -2)).clamp(min=0)
        own = first.square().mean((-1, -2)) * second.square().mean((-1, -2))
        ratio = shared * (own + 1e-24).rsqrt()
        return ratio if self.squared else (ratio + 1e-24).sqrt()

    def _centred_distances(self, x: Tensor) -> Tensor:
        distances = (squared_distances(x) + self.eps).sqrt()  # (..., B, B)
        return centred(centred(distances).mT)
