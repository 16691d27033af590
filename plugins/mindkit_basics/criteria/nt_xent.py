from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from mindkit.api import Criterion
from mindkit_basics.criteria.labels import Alike, refuse_alike, same_label
from mindkit_basics.criteria.statistics import l2_rows, refuse_small


class NtXent(Criterion):
    """Pull the two vectors of a sample together against the other samples of the batch.

    Shapes: a (..., B, D), b (..., B, D) -> (...); a (..., B, D), b (..., B, D), target (..., B) ->
    (...).

    InfoNCE between representations (van den Oord et al. 2018): cross-entropy of the scores
    cos(a_i, b_j) / temperature towards j = i, at most about log B + 2 / temperature. NT-Xent (Chen
    et al. 2020) has negatives all and both directions. Samples of one label are negatives of each
    other all the same, unless the labels are given too: `[invariant.$m, invariant.$n, target]`.

    temperature: what cosines are divided by; smaller weighs near negatives more.
    direction: each a finds its b, each b its a, or the mean of both.
    negatives: the other samples' vectors of the other side, or all of theirs.
    alike: with labels, which samples of a regression are no negatives: those whose labels are at
    most so far apart; are equal when rounded; or are of one sign. Classes are alike where equal.
    """

    role = "consistency"
    batched = True
    min_batch = 2
    no_gradient = ("target",)

    def __init__(
        self,
        *,
        temperature: float = 0.1,
        direction: Literal["both", "forward", "backward"] = "both",
        negatives: Literal["across", "all"] = "across",
        alike: Alike = 0.0,
    ) -> None:
        super().__init__()
        if temperature <= 0:
            raise ValueError(f"temperature is positive, got {temperature}")
        refuse_alike(alike)
        self.temperature, self.direction = temperature, direction
        self.negatives, self.alike = negatives, alike

    def forward(self, a: Tensor, b: Tensor, target: Tensor | None = None) -> Tensor:
        refuse_small(a.shape[-2], self.min_batch, "contrast")
        if target is None and self.alike:
            raise ValueError(
                f"alike is {self.alike}, but no labels are given; add target to inputs, third"
            )
        own = torch.eye(a.shape[-2], dtype=torch.bool, device=a.device)
        barred = own & ~own if target is None else same_label(target, self.alike) & ~own
        a, b = l2_rows(a), l2_rows(b)
        scores = a @ b.mT / self.temperature  # (..., B, B)
        forward, backward = (scores, a), (scores.mT, b)
        ways = {"forward": [forward], "backward": [backward], "both": [forward, backward]}
        losses = [self._towards_own(*way, own, barred) for way in ways[self.direction]]
        return sum(losses[1:], losses[0]) / len(losses)

    def _towards_own(self, scores: Tensor, anchor: Tensor, own: Tensor, barred: Tensor) -> Tensor:
        """The cross-entropy of each anchor's scores towards its own sample on the other side."""
        scores = scores.masked_fill(barred, -torch.inf)
        if self.negatives == "all":
            beside = anchor @ anchor.mT / self.temperature
            beside = beside.masked_fill(barred | own, -torch.inf)
            scores = torch.cat([scores, beside], -1)  # (..., B, 2B)
        return -log_softmax(scores, -1).diagonal(dim1=-2, dim2=-1).mean(-1)
