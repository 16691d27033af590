from __future__ import annotations

from typing import Literal

from torch import Tensor

from mindkit.api import MIEstimator
from mindkit_basics.mi.bank import with_bank
from mindkit_basics.mi.bounds import log_mean_exp, with_gradient_of
from mindkit_basics.mi.critics import CriticKind, make_critic, score
from mindkit_basics.mi.jsd import jsd
from mindkit_basics.mi.negatives import Negatives


class Smile(MIEstimator):
    """Estimate mutual information by Donsker-Varadhan with clipped scores, in nats, no bound.

    Shapes: x (..., B, D), z (..., B, E) -> (...).

    Song and Ermon 2020 (SMILE): E[T] over pairs minus log E[exp(clip(T, -τ, τ))] over
    negatives. Clipping limits the variance and may raise the value above the information. Their
    code learns T by the gradient of the Jensen-Shannon bound, which is the default.

    critic: T is a network on [x; z], the form xᵀ W z, the inner product of two networks, or the
    log-density of z in a Gaussian whose mean and variance are networks of x.
    hidden: width of the hidden layers of T (and of both outputs of a separable one).
    layers: number of hidden layers of T, each with ReLU; a bilinear one has none.
    negatives: z of the next sample, of a random other sample, of each other sample in the batch, or
    every one that a bank keeps of earlier batches, which pushes no z; while there is none, of the
    next sample. With a network on [x; z] the last two cost B² and B · memory passes.
    memory: number of z that the bank keeps; with as many as there are training samples, x meets its
    own z of an epoch before.
    clip: τ > 0, in nats; larger is less biased and varies more, and inf gives Donsker-Varadhan.
    gradient: that of the Jensen-Shannon bound, or its own.
    """

    batched = True
    min_batch = 2

    def __init__(
        self,
        x_dim: int,
        z_dim: int,
        copies: int,
        *,
        critic: CriticKind = "separable",
        hidden: int = 256,
        layers: int = 2,
        negatives: Negatives = "offdiag",
        memory: int = 256,
        clip: float = 5.0,
        gradient: Literal["jsd", "own"] = "jsd",
    ) -> None:
        super().__init__()
        if not clip > 0:
            raise ValueError(f"clip is a positive number of nats, got {clip}")
        self.clip, self.gradient = clip, gradient
        self.critic = make_critic(critic, x_dim, z_dim, copies, hidden, layers)
        self.negatives = with_bank(negatives, copies, memory, z_dim)
        self.ordered = negatives != "offdiag"

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        true, false = score(self.critic, x, z, self.negatives)
        value = smile(true, false, self.clip)
        return with_gradient_of(jsd(true, false), value) if self.gradient == "jsd" else value


def smile(true: Tensor, false: Tensor, clip: float) -> Tensor:
    """Return the value from scores. Shapes: true (..., B), false (..., N) -> (...)."""
    return true.mean(-1) - log_mean_exp(false.clamp(-clip, clip))
