from __future__ import annotations

import torch
from torch import Tensor

from mindkit.api import Stage


class GaussianSample(Stage):
    """Draw from the Gaussian whose mean and log-variance stand side by side; evaluated, its mean.

    Shapes: x (..., B, PD) -> (..., B, D).

    The reparameterisation of Kingma and Welling 2014: μ + exp(v / 2) ε, ε ~ N(0, I) drawn in each
    training step, so that both learn through the sample. It is made `from: [MEAN, LOG_VARIANCE]`,
    in that order, two representations of one's own; a `variational_bottleneck` on the same two
    bounds what a sample tells.
    """

    batched = True

    def __init__(self, x_dim: int, width: int) -> None:
        super().__init__()
        if x_dim != 2 * width:
            raise ValueError(
                f"it is made from two representations, got {x_dim // width}; write "
                "from: [MEAN, LOG_VARIANCE]"
            )

    def forward(self, x: Tensor) -> Tensor:
        mean, log_variance = x.chunk(2, -1)
        if not self.training:
            return mean
        return mean + (log_variance / 2).exp() * torch.randn_like(mean)
