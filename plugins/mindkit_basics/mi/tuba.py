from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from mindkit.api import MLP, MIEstimator
from mindkit_basics.mi.bank import with_bank
from mindkit_basics.mi.critics import Critic, CriticKind, make_critic, score
from mindkit_basics.mi.negatives import Negatives
from mindkit_basics.mi.nwj import nwj


class Tuba(MIEstimator):
    """Bound mutual information from below with a baseline a(z) in place of the normaliser, in nats.

    Shapes: x (..., B, D), z (..., B, E) -> (...).

    Poole et al. 2019 (I_TUBA): E[T] over pairs minus E[exp(T) / a(z)] over negatives minus
    E[log a(z)] plus 1, a bound for every a > 0. It is NWJ with the scores T - log a + 1, and is
    computed as that, in the logarithm; a = e is NWJ.

    critic: T is a network on [x; z], the form xᵀ W z, the inner product of two networks, or the
    log-density of z in a Gaussian whose mean and variance are networks of x.
    hidden: width of the hidden layers of T (and of both outputs of a separable one), and of a.
    layers: number of hidden layers of T, each with ReLU; a bilinear one has none.
    negatives: z of the next sample, of a random other sample, of each other sample in the batch, or
    every one that a bank keeps of earlier batches, which pushes no z; while there is none, of the
    next sample. With a network on [x; z] the last two cost B² and B · memory passes.
    memory: number of z that the bank keeps; with as many as there are training samples, x meets its
    own z of an epoch before.
    baseline: a is a fixed number above 0, one learned number, which begins at 1, or the exponential
    of a ReLU network on z with one hidden layer; the critic and it are learned together.
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
        baseline: float | Literal["learned", "network"] = "network",
    ) -> None:
        super().__init__()
        if isinstance(baseline, (int, float)) and baseline <= 0:
            raise ValueError(f"baseline is a number above 0, learned or network, got {baseline}")
        self.baseline = baseline
        self.critic = make_critic(critic, x_dim, z_dim, copies, hidden, layers)
        self.negatives = with_bank(negatives, copies, memory, z_dim)
        self.ordered = negatives != "offdiag"
        if baseline == "network":
            self.network = MLP(copies, [z_dim, hidden, 1])
        elif baseline == "learned":
            self.log_a = nn.Parameter(torch.zeros(copies, 1))

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        critic = _Offset(self.critic, lambda z: 1 - self._log_baseline(z))
        return nwj(*score(critic, x, z, self.negatives))

    def _log_baseline(self, z: Tensor) -> Tensor:
        """Return log a(z). Shapes: z (..., B, E) -> (..., B)."""
        if self.baseline == "network":
            return self.network(z).squeeze(-1)
        if self.baseline == "learned":
            log_a = self.log_a if len(self.log_a) > 1 else self.log_a[0]
            return log_a.expand(z.shape[:-1])
        return z.new_full(z.shape[:-1], math.log(self.baseline))


class _Offset:
    """The critic T(x, z) + b(z); offset makes b (..., B) of z."""

    def __init__(self, critic: Critic, offset: Callable[[Tensor], Tensor]) -> None:
        self.critic, self.offset = critic, offset

    def halves(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        of_x, of_z = self.critic.halves(x, z)
        # The last column goes where its z goes, so that negatives carry their own baseline.
        return of_x, torch.cat([of_z, self.offset(z).unsqueeze(-1)], -1)

    def pair(self, x: Tensor, z: Tensor) -> Tensor:
        return self.critic.pair(x, z[..., :-1]) + z[..., -1]

    def cross(self, x: Tensor, z: Tensor) -> Tensor:
        return self.critic.cross(x, z[..., :-1]) + z[..., -1].unsqueeze(-2)
