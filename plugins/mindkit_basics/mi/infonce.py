from __future__ import annotations

import math

from torch import Tensor

from mindkit.api import MIEstimator
from mindkit_basics.mi.critics import CriticKind, make_critic
from mindkit_basics.mi.negatives import refuse_single


class Infonce(MIEstimator):
    """Bound mutual information from below by telling each x's own z from the batch's, in nats.

    Shapes: x (..., B, D), z (..., B, E) -> (...).

    van den Oord et al. 2018 (InfoNCE): log B + the mean over i of T_ii - log Σ_j exp(T_ij), where
    T_ij scores x_i with z_j and the own z is one of the B. It is at most log B, however large the
    information: below log B it has low variance, and its gradient is bounded.

    critic: T is a network on [x; z], which costs B² passes, the form xᵀ W z, the inner product of
    two networks, or the log-density of z in a Gaussian whose mean and variance are networks of x.
    hidden: width of the hidden layers of T (and of both outputs of a separable one).
    layers: number of hidden layers of T, each with ReLU; a bilinear one has none.
    symmetric: also tell each z's own x from the batch's, and take the mean of both.
    temperature: of a separable critic: scores are cosines divided by it, at most 1 / temperature,
    which growing representations cannot raise; without one, scores are plain inner products.
    """

    batched = True
    min_batch = 2
    bound = "lower"

    def __init__(
        self,
        x_dim: int,
        z_dim: int,
        copies: int,
        *,
        critic: CriticKind = "separable",
        hidden: int = 256,
        layers: int = 2,
        symmetric: bool = False,
        temperature: float | None = None,
    ) -> None:
        super().__init__()
        self.symmetric = symmetric
        self.critic = make_critic(critic, x_dim, z_dim, copies, hidden, layers, temperature)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        refuse_single(x)
        scores = self.critic.cross(*self.critic.halves(x, z))
        if self.symmetric:
            return (infonce(scores) + infonce(scores.mT)) / 2
        return infonce(scores)


def infonce(scores: Tensor) -> Tensor:
    """Return the bound from the scores of all pairs. Shapes: scores (..., B, B) -> (...)."""
    true = scores.diagonal(dim1=-2, dim2=-1)
    return math.log(scores.shape[-1]) + (true - scores.logsumexp(-1)).mean(-1)
