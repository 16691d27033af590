from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus

from mindkit.api import MIEstimator
from mindkit_basics.mi.bank import with_bank
from mindkit_basics.mi.critics import CriticKind, make_critic, score
from mindkit_basics.mi.negatives import Negatives


class Jsd(MIEstimator):
    """Estimate dependence by the Jensen-Shannon bound of Deep InfoMax, at most 0 and not in nats.

    Shapes: x (..., B, D), z (..., B, E) -> (...).

    MInD eq. 5: E[-sp(-T)] over pairs minus E[sp(T)] over negatives, sp the softplus. It is -2 log 2
    where T = 0, and grows with dependence; value + 2 log 2 is a lower bound on twice the
    Jensen-Shannon divergence between joint and product of the marginals. The paper leaves T and the
    negatives open; the defaults are those of the authors' code.

    critic: T is a network on [x; z], the form xᵀ W z, the inner product of two networks, or the
    log-density of z in a Gaussian whose mean and variance are networks of x.
    hidden: width of the hidden layers of T (and of both outputs of a separable one).
    layers: number of hidden layers of T, each with ReLU; a bilinear one has none.
    negatives: z of the next sample, of a random other sample, of each other sample in the batch, or
    every one that a bank keeps of earlier batches, which pushes no z; while there is none, of the
    next sample.
    memory: number of z that the bank keeps; with as many as there are training samples, x meets its
    own z of an epoch before.
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
        memory: int = 256,
    ) -> None:
        super().__init__()
        self.critic = make_critic(critic, x_dim, z_dim, copies, hidden, layers)
        self.negatives = with_bank(negatives, copies, memory, z_dim)
        self.ordered = negatives != "offdiag"

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        return jsd(*score(self.critic, x, z, self.negatives))


def jsd(true: Tensor, false: Tensor) -> Tensor:
    """Return eq. 5 from scores. Shapes: true (..., B), false (..., N) -> (...)."""
    return -softplus(-true).mean(-1) - softplus(false).mean(-1)
