from __future__ import annotations

from torch import Tensor
from torch.nn.functional import smooth_l1_loss

from mindkit.api import Criterion
from mindkit_basics.criteria.statistics import refuse_unlike


class SmoothL1(Criterion):
    """Pull the two vectors of each sample together, by squares where near and no harder where far.

    Shapes: a (..., B, D), b (..., B, D) -> (...).

    The mean over entries of e² / (2 beta) where the difference |e| is below beta, else of
    |e| - beta / 2 (Girshick 2015). Alone it is met by one vector for all samples; another term must
    prevent that.

    beta: difference from which on it grows linearly, in units of the representation.
    """

    role = "consistency"
    batched = True

    def __init__(self, *, beta: float = 1.0) -> None:
        super().__init__()
        if beta <= 0:
            raise ValueError(f"beta is a positive difference, got {beta}")
        self.beta = beta

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        refuse_unlike(a, b)
        return smooth_l1_loss(a, b, reduction="none", beta=self.beta).mean((-1, -2))
