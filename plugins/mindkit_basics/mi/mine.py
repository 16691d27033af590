from __future__ import annotations

import math

import torch
from torch import Tensor

from mindkit.api import MIEstimator
from mindkit_basics.mi.bank import with_bank
from mindkit_basics.mi.bounds import log_mean_exp, with_gradient_of
from mindkit_basics.mi.critics import CriticKind, make_critic, score
from mindkit_basics.mi.negatives import Negatives


class Mine(MIEstimator):
    """Estimate mutual information by the Donsker-Varadhan form of KL, in nats.

    Shapes: x (..., B, D), z (..., B, E) -> (...).

    Belghazi et al. 2018 (MINE): E[T] over pairs minus log E[exp(T)] over negatives. The
    form bounds the information from below, but the logarithm of a batch's mean is too small on
    average, and the value too large: it claims no bound (Poole et al. 2019). For the same reason
    the gradient of a batch is biased. The paper's section 3.2 replaces the mean by which exp(T) is
    divided in it by a moving average, kept here as a logarithm for each copy of the critic, set by
    the first batch and left alone in evaluation. The value is the batch's own.

    critic: T is a network on [x; z], the form xᵀ W z, the inner product of two networks, or the
    log-density of z in a Gaussian whose mean and variance are networks of x.
    hidden: width of the hidden layers of T (and of both outputs of a separable one).
    layers: number of hidden layers of T, each with ReLU; a bilinear one has none.
    negatives: z of the next sample, of a random other sample, of each other sample in the batch, or
    every one that a bank keeps of earlier batches, which pushes no z; while there is none, of the
    next sample. With a network on [x; z] the last two cost B² and B · memory passes.
    memory: number of z that the bank keeps; with as many as there are training samples, x meets its
    own z of an epoch before.
    average: share of the newest batch in the moving average, above 0; 1 is the batch alone, and so
    the plain gradient of the value.
    """

    batched = True
    min_batch = 2

    log_mean: Tensor

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
        average: float = 0.01,
    ) -> None:
        super().__init__()
        if not 0 < average <= 1:
            raise ValueError(f"average is a share above 0 and at most 1, got {average}")
        self.average = average
        self.critic = make_critic(critic, x_dim, z_dim, copies, hidden, layers)
        self.negatives = with_bank(negatives, copies, memory, z_dim)
        self.ordered = negatives != "offdiag"
        self.register_buffer("log_mean", torch.full((copies,), -math.inf))

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        true, false = score(self.critic, x, z, self.negatives)
        value = dv(true, false)
        if not self.training or self.average == 1:
            return value
        average = self._updated(log_mean_exp(false.detach()))
        weights = (false - average.unsqueeze(-1)).exp()
        return with_gradient_of(true.mean(-1) - weights.mean(-1), value)

    def _updated(self, log_mean: Tensor) -> Tensor:
        """Take a batch into the average, and return it. Shapes: log_mean (...) -> (C,), or ()."""
        rows = log_mean.reshape(-1, len(self.log_mean))  # rows of one copy share its average
        batch = log_mean_exp(rows.mT)
        kept = self.log_mean + math.log1p(-self.average)
        mixed = torch.logaddexp(kept, batch + math.log(self.average))
        average = torch.where(self.log_mean.isneginf(), batch, mixed)
        self.log_mean.copy_(average)
        return average if len(average) > 1 else average[0]


def dv(true: Tensor, false: Tensor) -> Tensor:
    """Return the value from scores. Shapes: true (..., B), false (..., N) -> (...)."""
    return true.mean(-1) - log_mean_exp(false)
