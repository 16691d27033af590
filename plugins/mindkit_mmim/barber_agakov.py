from __future__ import annotations

import math

import torch
from torch import Tensor

from mindkit.api import MLP, MIEstimator


class BarberAgakov(MIEstimator):
    """Estimate how well z is told by x: E log q(z | x), q a Gaussian with a diagonal variance.

    Shapes: x (..., B, D), z (..., B, E) -> (...).

    Barber and Agakov 2003; with the entropy of z, which it leaves out, a lower bound on the mutual
    information in nats. MMIM's l_lld is the sum over the width without the log-variance and without
    log 2 pi, so that nothing keeps the variance from growing; its two networks, mean and
    log-variance, are Linear -> ReLU -> Linear of the width of z, and learn by their own step.

    log_variance: whether -v/2 - log(2 pi)/2 are in the value, as in a density; MMIM's code has
    neither.
    clamp: greatest absolute log-variance; None is no bound, as in MMIM's code.
    """

    batched = True

    def __init__(
        self,
        x_dim: int,
        z_dim: int,
        copies: int,
        *,
        log_variance: bool = True,
        clamp: float | None = 5.0,
    ) -> None:
        super().__init__()
        self.log_variance, self.clamp = log_variance, clamp
        self.mean = MLP(copies, [x_dim, z_dim, z_dim])
        self.spread = MLP(copies, [x_dim, z_dim, z_dim])

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        spread = self.spread(x)
        if self.clamp is not None:
            spread = spread.clamp(-self.clamp, self.clamp)
        density = -(self.mean(x) - z).square() * torch.exp(-spread) / 2
        if self.log_variance:
            density = density - (spread + math.log(2 * math.pi)) / 2
        return density.sum(-1).mean(-1)

    def learning_loss(self, x: Tensor, z: Tensor) -> Tensor:
        return -self(x, z)
