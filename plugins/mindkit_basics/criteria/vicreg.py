from __future__ import annotations

from torch import Tensor
from torch.nn.functional import mse_loss, relu

from mindkit.api import Criterion
from mindkit_basics.criteria.statistics import centred, cross_square, refuse_small


class Vicreg(Criterion):
    """Pull two representations together, each feature kept spread and uncorrelated with others.

    Shapes: a (..., B, D), b (..., B, D) -> (...).

    Bardes et al. 2022: invariance · MSE(a, b) + variance · [v(a) + v(b)] / 2 + covariance ·
    [c(a) + c(b)], with v the mean over features of max(0, 1 - sqrt(Var + 1e-4)) and c the sum of
    squared covariances of different features, divided by D; Var and Cov are unbiased.

    invariance: weight of the distance.
    variance: weight of the spread; keeps representations from collapsing.
    covariance: weight of the correlations.
    """

    role = "consistency"
    batched = True
    min_batch = 2

    def __init__(
        self, *, invariance: float = 25.0, variance: float = 25.0, covariance: float = 1.0
    ) -> None:
        super().__init__()
        self.invariance, self.variance, self.covariance = invariance, variance, covariance

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        refuse_small(a.shape[-2], self.min_batch, "a variance")
        if a.shape != b.shape:
            raise ValueError(f"a and b must have one shape, got {tuple(a.shape)}, {tuple(b.shape)}")
        distance = mse_loss(a, b, reduction="none").mean((-1, -2))
        spread = (_narrowness(a) + _narrowness(b)) / 2
        correlated = _covariances(a) + _covariances(b)
        return self.invariance * distance + self.variance * spread + self.covariance * correlated


def _narrowness(x: Tensor) -> Tensor:
    return relu(1 - (x.var(-2) + 1e-4).sqrt()).mean(-1)


def _covariances(x: Tensor) -> Tensor:
    """Sum over i != j of Cov_ij², divided by D."""
    samples, width = x.shape[-2:]
    x = centred(x)
    own = x.square().sum(-2).square().sum(-1)
    return (cross_square(x, x) - own) / (samples - 1) ** 2 / width
