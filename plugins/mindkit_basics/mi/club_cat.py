from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from mindkit.api import MLP, MIEstimator
from mindkit_basics.mi.negatives import refuse_single


class ClubCat(MIEstimator):
    """Estimate the information on a class label from above, by a contrast of classifiers, in nats.

    Shapes: x (..., B, D), target (..., B) -> (...).

    Cheng et al. 2020 (CLUB) with q(y | x) a softmax classifier: minus the cross-entropy of each x
    with its own label, plus that with the labels of all samples, the own included: E[log q(y_i |
    x_i)] less E[log q(y_j | x_i)] over all i and j. The mean over j is a mean over classes by their
    share of the batch: no pair is computed. Where q is the true posterior it is an upper bound;
    with a badly fitted q it is none, and may be negative, so that it claims no bound. A batch of
    one class gives 0.

    q is fitted by `learning_loss`, the cross-entropy with the own labels, in an optimiser step of
    its own; the main step does not move q, which would make the value small by being wrong.

    hidden: width of the hidden layers of q.
    layers: number of hidden layers of q, with ReLU; 0 makes it linear.
    clamp: take a negative value as 0, without gradient.
    """

    batched = True
    min_batch = 2
    tasks = ("classification",)

    def __init__(
        self,
        x_dim: int,
        num_outputs: int,
        task: str,
        copies: int,
        *,
        hidden: int = 512,
        layers: int = 1,
        clamp: bool = False,
    ) -> None:
        super().__init__()
        if task != "classification":
            raise ValueError(
                f"labels are classes here, and the task is {task}; leave the term out with --drop"
            )
        self.clamp = clamp
        self.classifier = MLP(copies, [x_dim, *[hidden] * layers, num_outputs])

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        refuse_single(x)
        value = club_cat(log_softmax(self.classifier(x), -1), target)
        return value.clamp(min=0) if self.clamp else value

    def learning_loss(self, x: Tensor, target: Tensor) -> Tensor:
        """Return what the optimiser of q minimises, in nats, (...)."""
        return -_own(log_softmax(self.classifier(x), -1), target).mean(-1)


def club_cat(log_q: Tensor, target: Tensor) -> Tensor:
    """Return the contrast. Shapes: log_q (..., B, C), target (..., B) -> (...)."""
    classes = torch.arange(log_q.shape[-1], device=target.device)
    shares = (target.unsqueeze(-1) == classes).to(log_q).mean(-2, keepdim=True)  # (..., 1, C)
    return (_own(log_q, target) - (shares * log_q).sum(-1)).mean(-1)


def _own(log_q: Tensor, target: Tensor) -> Tensor:
    """log q(y_i | x_i). Shapes: log_q (..., B, C), target (..., B) -> (..., B)."""
    return log_q.gather(-1, target.unsqueeze(-1)).squeeze(-1)
