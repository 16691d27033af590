from __future__ import annotations

from torch import Tensor

from mindkit.api import MIEstimator
from mindkit_basics.mi.conditional import Conditional, Variance
from mindkit_basics.mi.negatives import refuse_single


class Club(MIEstimator):
    """Estimate mutual information from above by a contrast of log-likelihoods, in nats.

    Shapes: x (..., B, D), z (..., B, E) -> (...).

    Cheng et al. 2020 (vCLUB): E[log q(z_i | x_i)] less E[log q(z_j | x_i)] over all i and
    j, the own included, q a Gaussian. Where q is the true conditional it is an upper bound, and far
    above the information where that is large; with a badly fitted q it is none, and may be
    negative, so that the class claims no bound. The terms in log v and 2π cancel, and the mean over
    j is the variance of z plus a square: no pair is computed.

    q is fitted by `learning_loss`, -E[log q(z_i | x_i)] in nats, in an optimiser step of its own;
    the main step does not move q, which would make the value small by being wrong.

    hidden: width of the hidden layers of μ and of log v.
    layers: number of hidden layers of each, with ReLU; 0 makes both linear.
    variance: of q: learned from x, between 1/e and e, or 1, which the authors call CLUBMean.
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
        value = club(z, *self.conditional(x))
        return value.clamp(min=0) if self.clamp else value

    def learning_loss(self, x: Tensor, z: Tensor) -> Tensor:
        """Return what the optimiser of q minimises, in nats, (...)."""
        return self.conditional.learning_loss(x, z)


def club(z: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the contrast. Shapes: z, mean, log_variance (..., B, E) -> (...)."""
    centre = z.mean(-2, keepdim=True)
    spread = (z - centre).square().mean(-2, keepdim=True)
    others = spread + (centre - mean).square()  # mean over j of (z_j - μ_i)²
    excess = (others - (z - mean).square()) * (-log_variance).exp()
    return 0.5 * excess.sum(-1).mean(-1)
