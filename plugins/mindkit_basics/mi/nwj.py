from __future__ import annotations

from typing import Literal

from torch import Tensor

from mindkit.api import MIEstimator
from mindkit_basics.mi.bank import with_bank
from mindkit_basics.mi.bounds import log_mean_exp, with_gradient_of
from mindkit_basics.mi.critics import CriticKind, make_critic, score
from mindkit_basics.mi.jsd import jsd
from mindkit_basics.mi.negatives import Negatives


class Nwj(MIEstimator):
    """Bound mutual information from below by the f-divergence form of KL, in nats.

    Shapes: x (..., B, D), z (..., B, E) -> (...).

    Nguyen, Wainwright and Jordan 2010, called f-GAN KL or MINE-f too: E[T] over pairs minus
    E[exp(T - 1)] over negatives, best at T = 1 + the log density ratio. Value and gradient of a
    batch are unbiased; both vary by a factor that is exponential in the information. The mean of
    exponentials is computed as the exponential of a log-sum-exp.

    critic: T is a network on [x; z], the form xᵀ W z, the inner product of two networks, or the
    log-density of z in a Gaussian whose mean and variance are networks of x.
    hidden: width of the hidden layers of T (and of both outputs of a separable one).
    layers: number of hidden layers of T, each with ReLU; a bilinear one has none.
    negatives: z of the next sample, of a random other sample, of each other sample in the batch, or
    every one that a bank keeps of earlier batches, which pushes no z; while there is none, of the
    next sample. With a network on [x; z] the last two cost B² and B · memory passes.
    memory: number of z that the bank keeps; with as many as there are training samples, x meets its
    own z of an epoch before.
    gradient: its own, or that of the Jensen-Shannon bound, whose best T is the log density ratio;
    then the value is that of T + 1, and what is learnt varies less (Poole et al. 2019). It never
    sees exp(T): one high score of a rare negative can pull the value far down.
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
        critic: CriticKind = "concat",
        hidden: int = 128,
        layers: int = 2,
        negatives: Negatives = "offdiag",
        memory: int = 256,
        gradient: Literal["own", "jsd"] = "own",
    ) -> None:
        super().__init__()
        self.gradient = gradient
        self.critic = make_critic(critic, x_dim, z_dim, copies, hidden, layers)
        self.negatives = with_bank(negatives, copies, memory, z_dim)
        self.ordered = negatives != "offdiag"

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        true, false = score(self.critic, x, z, self.negatives)
        if self.gradient == "jsd":
            return with_gradient_of(jsd(true, false), nwj(true + 1, false + 1))
        return nwj(true, false)


def nwj(true: Tensor, false: Tensor) -> Tensor:
    """Return the bound from scores. Shapes: true (..., B), false (..., N) -> (...)."""
    return true.mean(-1) - (log_mean_exp(false) - 1).exp()
