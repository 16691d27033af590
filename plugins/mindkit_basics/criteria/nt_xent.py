from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn.functional import log_softmax

from mindkit.api import Criterion
from mindkit_basics.criteria.statistics import l2_rows, refuse_small


class NtXent(Criterion):
    """Pull the two vectors of a sample together against the other samples of the batch.

    Shapes: a (..., B, D), b (..., B, D) -> (...).

    InfoNCE between representations (van den Oord et al. 2018): cross-entropy of the scores
    cos(a_i, b_j) / temperature towards j = i, at most about log B + 2 / temperature. Samples of one
    label are negatives of each other all the same.

    temperature: what cosines are divided by; smaller weighs near negatives more.
    direction: each a finds its b, each b its a, or the mean of both.
    """

    role = "consistency"
    batched = True
    min_batch = 2

    def __init__(
        self,
        *,
        temperature: float = 0.1,
        direction: Literal["both", "forward", "backward"] = "both",
    ) -> None:
        super().__init__()
        if temperature <= 0:
            raise ValueError(f"temperature is positive, got {temperature}")
        self.temperature, self.direction = temperature, direction

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        refuse_small(a.shape[-2], self.min_batch, "contrast")
        scores = l2_rows(a) @ l2_rows(b).mT / self.temperature  # (..., B, B)
        if self.direction == "forward":
            return _towards_diagonal(scores)
        if self.direction == "backward":
            return _towards_diagonal(scores.mT)
        return (_towards_diagonal(scores) + _towards_diagonal(scores.mT)) / 2


def _towards_diagonal(scores: Tensor) -> Tensor:
    return -log_softmax(scores, -1).diagonal(dim1=-2, dim2=-1).mean(-1)
