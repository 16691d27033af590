from __future__ import annotations

import math

from torch import Tensor

from mindkit.api import MIEstimator
from mindkit_basics.mi.conditional import Conditional, Variance, log_densities
from mindkit_basics.mi.negatives import offdiagonal, refuse_single


class LeaveOneOut(MIEstimator):
    """Estimate mutual information from above, the other samples standing for p(z), in nats.

    Shapes: x (..., B, D), z (..., B, E) -> (...).

    Poole et al. 2019 (I_L1Out): E[log q(z_i | x_i)] less E[log of the mean over j != i of
    q(z_i | x_j)], q a Gaussian. Where q is the true conditional it is an upper bound; the class
    claims none, as q is fitted. log v differs from x_j to x_j and counts; only 2π cancels. The mean
    is taken by a log-sum-exp over the others alone. The code published with CLUB adds -20 to a
    diagonal that it broadcasts wrongly, and computes another number.

    q is fitted by `learning_loss`, -E[log q(z_i | x_i)] in nats, in an optimiser step of its own;
    the main step does not move q, which would make the value small by being wrong.

    hidden: width of the hidden layers of μ and of log v.
    layers: number of hidden layers of each, with ReLU; 0 makes both linear.
    variance: of q: learned from x, between 1/e and e, or 1.
    clamp: take a negative value as 0, without gradient.
    """

    batched = True
    min_batch = 2

    def __init__(
        self,
        x_dim: int,
        z_dim: int,
        copies: int,
        *,
        hidden: int = 512,
        layers: int = 1,
        variance: Variance = "learned",
        clamp: bool = False,
    ) -> None:
        super().__init__()
        self.clamp = clamp
        self.conditional = Conditional(x_dim, z_dim, copies, hidden, layers, variance)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        refuse_single(x)
        value = leave_one_out(z, *self.conditional(x))
        return value.clamp(min=0) if self.clamp else value

    def learning_loss(self, x: Tensor, z: Tensor) -> Tensor:
        """Return what the optimiser of q minimises, in nats, (...)."""
        return self.conditional.learning_loss(x, z)


def leave_one_out(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the value. Shapes: z, mean, log_variance (..., B, E) -> (...)."""
    scores = log_densities(z, mean, log_variance)  # (..., B, B)
    size = scores.shape[-1]
    true = scores.diagonal(dim1=-2, dim2=-1)
    others = offdiagonal(scores).unflatten(-1, (size, size - 1)).logsumexp(-1)
    return (true - others).mean(-1) + math.log(size - 1)
