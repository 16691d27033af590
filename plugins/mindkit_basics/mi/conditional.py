"""The Gaussian conditional q(z | x) that upper bounds on mutual information need.

Axes: R copies, B batch, E width of z.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from mindkit.api import MLP

Variance = Literal["learned", "unit"]


class Conditional(nn.Module):
    """q(z | x) = N(μ(x), diag exp v(x)), each of μ and v a ReLU network.

    v ends in a tanh, as in the authors' code of CLUB, so that variances lie between 1/e and e. With
    unit variance there is no such network, and v = 0.
    """

    def __init__(
        self, x_dim: int, z_dim: int, copies: int, hidden: int, layers: int, variance: Variance
    ) -> None:
        super().__init__()
        widths = [x_dim, *[hidden] * layers, z_dim]
        self.mean = MLP(copies, widths)
        self.log_variance = MLP(copies, widths) if variance == "learned" else None

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return μ and v. Shapes: x (..., B, x_dim) -> (..., B, E), (..., B, E)."""
        mean = self.mean(x)
        if self.log_variance is None:
            return mean, torch.zeros_like(mean)
        return mean, self.log_variance(x).tanh()

    def learning_loss(self, x: Tensor, z: Tensor) -> Tensor:
        """Return the mean of -log q(z_i | x_i), in nats. Shapes: x, z (..., B, ·) -> (...)."""
        return -log_density(z, *self(x)).mean(-1)


def log_density(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return log q(z_i | x_i). Shapes: z, mean, log_variance (..., B, E) -> (..., B)."""
    squares = (z - mean).square() * (-log_variance).exp()
    return -0.5 * (squares + log_variance + math.log(2 * math.pi)).sum(-1)


def log_densities(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return log q(z_i | x_j) + (E / 2) log 2π for all i, j, i along the rows.

    Shapes: z (..., N, E), mean, log_variance (..., B, E) -> (..., N, B).
    """
    centre = z.mean(-2, keepdim=True)
    z, mean = z - centre, mean - centre  # expanding the square loses digits far from the origin
    precision = (-log_variance).exp()
    own = (mean.square() * precision + log_variance).sum(-1).unsqueeze(-2)  # (..., 1, B)
    squares = z.square() @ precision.mT - 2 * z @ (mean * precision).mT
    return -0.5 * (squares + own)
