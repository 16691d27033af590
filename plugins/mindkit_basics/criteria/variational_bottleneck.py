from __future__ import annotations

import torch
from torch import Tensor

from mindkit.api import Criterion


class VariationalBottleneck(Criterion):
    """Bound from above what a random representation tells of the sample, in nats.

    Shapes: mean (..., B, D), log_variance (..., B, D) -> (...).

    The rate of the variational information bottleneck (Alemi et al. 2017): the mean over samples of
    KL(N(μ, exp v) || N(0, I)) = ½ Σ (μ² + e^v - 1 - v), at least the information between a sample
    and a draw z ~ N(μ, exp v), and equal to it where z is N(0, I) over all samples. It means
    something only where what is used is such a draw, as the stage `gaussian_sample` makes:

        representations:
          mean: {type: mlp, from: specific, end: linear}
          log_variance: {type: mlp, from: specific, end: linear}
          drawn: {type: gaussian_sample, from: [mean, log_variance]}
        terms:
          bottleneck: {type: variational_bottleneck, inputs: [[mean.$m, log_variance.$m]]}

    It takes the two parameters in place of x and z, and so is no estimator of the registry of
    those. Its weight is the paper's β.
    """

    role = "difference"
    batched = True

    def forward(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        rates = mean.square() + torch.expm1(log_variance) - log_variance
        return rates.sum(-1).mean(-1) / 2
