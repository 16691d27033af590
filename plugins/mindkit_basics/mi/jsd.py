"""The Jensen-Shannon objective of Deep InfoMax."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from mindkit.api import MIEstimator
from mindkit_basics.mi.critics import CriticKind, make_critic
from mindkit_basics.mi.negatives import Negatives, offdiagonal_mean


class Jsd(MIEstimator):
    """Jensen-Shannon estimate: mean(-sp(-T+)) - mean(sp(T-)), at most 0 and -2 ln 2 at T = 0.

    Shapes: x (..., B, D), z (..., B, E) -> (...). MInD eq. 5 (Hjelm et al. 2019). An objective and
    not a number in nats; adding 2 ln 2 bounds twice the divergence between joint and product from
    below. Only z is shuffled for the negatives, as in the authors' code.

    critic: concat (the authors': a ReLU network on both), bilinear, or separable (dot product).
    hidden: width of the critic's hidden layers.
    layers: number of the critic's hidden layers.
    negatives: shift (the authors': z of the next sample in the batch), derangement (a random one),
        or offdiag (all other samples; least variance, B times the work).
    """

    batched = True
    min_batch = 2

    def __init__(
        self,
        x_dim: int,
        z_dim: int,
        copies: int,
        *,
        critic: CriticKind = "concat",
        hidden: int = 512,
        layers: int = 2,
        negatives: Negatives = "shift",
    ) -> None:
        super().__init__()
        self.critic = make_critic(critic, x_dim, z_dim, copies, hidden, layers)
        self.negatives: Negatives = negatives

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        if self.negatives == "offdiag":
            return jsd_of_matrix(self.critic.every(x, z))  # type: ignore[operator]
        return jsd_of_scores(*self.critic.against(x, z, self.negatives))  # type: ignore[operator]


def jsd_of_scores(true: Tensor, false: Tensor) -> Tensor:
    """Return the estimate from scores of true and false pairs, (..., B) each -> (...)."""
    return -F.softplus(-true).mean(-1) - F.softplus(false).mean(-1)


def jsd_of_matrix(scores: Tensor) -> Tensor:
    """Return the estimate from all scores (..., B, B), true pairs on the diagonal -> (...)."""
    true = scores.diagonal(dim1=-2, dim2=-1)
    return -F.softplus(-true).mean(-1) - offdiagonal_mean(F.softplus(scores))
