from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from mindkit.api import MIEstimator
from mindkit_basics.mi.bank import Bank
from mindkit_basics.mi.conditional import Conditional, Variance
from mindkit_basics.mi.negatives import Shuffle, moved, refuse_single


class ClubSample(MIEstimator):
    """Estimate mutual information from above by CLUB with one negative a sample, in nats.

    Shapes: x (..., B, D), z (..., B, E) -> (...).

    Cheng et al. 2020 (vCLUB-S): E[log q(z_i | x_i)] less E[log q(z_k(i) | x_i)], q a
    Gaussian. In expectation it is B / (B - 1) of CLUB, which counts the own z among the negatives,
    and varies more. Where q is the true conditional it is an upper bound; the class claims none, as
    q is fitted. The authors' code draws k(i) with its own z among the possible; here never.

    q is fitted by `learning_loss`, -E[log q(z_i | x_i)] in nats, in an optimiser step of its own;
    the main step does not move q, which would make the value small by being wrong.

    hidden: width of the hidden layers of μ and of log v.
    layers: number of hidden layers of each, with ReLU; 0 makes both linear.
    variance: of q: learned from x, between 1/e and e, or 1.
    negatives: z of the next sample, of a random other sample, or a random one that a bank keeps of
    earlier batches, which is not pushed; while there is none, of the next sample.
    memory: number of z that the bank keeps; with as many as there are training samples, x meets its
    own z of an epoch before.
    clamp: take a negative value as 0, without gradient.
    """

    batched = True
    min_batch = 2
    ordered = True

    def __init__(
        self,
        x_dim: int,
        z_dim: int,
        copies: int,
        *,
        hidden: int = 512,
        layers: int = 1,
        variance: Variance = "learned",
        negatives: Literal["shift", "derangement", "bank"] = "derangement",
        memory: int = 256,
        clamp: bool = False,
    ) -> None:
        super().__init__()
        self.clamp = clamp
        self.conditional = Conditional(x_dim, z_dim, copies, hidden, layers, variance)
        self.negatives: Shuffle | Bank = (
            Bank(copies, memory, z_dim) if negatives == "bank" else negatives
        )

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        refuse_single(x)
        value = club_sample(z, self._other(z), *self.conditional(x))
        return value.clamp(min=0) if self.clamp else value

    def learning_loss(self, x: Tensor, z: Tensor) -> Tensor:
        """Return what the optimiser of q minimises, in nats, (...)."""
        return self.conditional.learning_loss(x, z)

    def _other(self, z: Tensor) -> Tensor:
        """The negative of each sample. Shapes: z (..., B, E) -> (..., B, E)."""
        if not isinstance(self.negatives, Bank):
            return moved(z, self.negatives)
        bank = self.negatives
        other = torch.where(bank.empty, moved(z, "shift"), bank.drawn(z))
        bank.take(z)
        return other


def club_sample(z: Tensor, other: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the contrast. Shapes: z, other, mean, log_variance (..., B, E) -> (...).

    other: the negative of each sample. Terms in log v and 2π cancel.
    """
    excess = (other - mean).square() - (z - mean).square()
    return 0.5 * (excess * (-log_variance).exp()).sum(-1).mean(-1)
