"""Cyclic reconstruction: no part may be predicted from another."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from mindkit.api import MLP, Criterion, ReversalSchedule, reversal_strength, reverse_gradient


class Cyclic(Criterion):
    """Error of predicting target from source, whose gradient is reversed.

    Shapes: source (..., B, S), target (..., B, T) -> (...). MInD eq. 14 (after DiCyR): the decoder
    lowers the error, the encoder of the source raises it. The paper prints squared norms without
    batch or feature mean; the authors' code takes the mean over all entries.

    schedule: reversal strength over training: constant, linear, dann (the authors') or
        delayed_dann.
    strength: factor on the reversed gradient at the end of the schedule.
    horizon: fraction of planned training at which the schedule is complete.
    delay: fraction of the schedule that is waited out at 0, for delayed_dann.
    reduce: mean over batch and width, mean_batch (squared norm, mean over the batch) or sum.
    detach_target: stop the gradient into the target: the cleaner game; MInD does not.
    """

    batched = True
    role = "adversarial"

    def __init__(
        self,
        source_dim: int,
        target_dim: int,
        copies: int,
        *,
        schedule: ReversalSchedule = "dann",
        strength: float = 1.0,
        horizon: float = 1.0,
        delay: float = 0.0,
        reduce: Literal["mean", "mean_batch", "sum"] = "mean",
        detach_target: bool = False,
    ) -> None:
        super().__init__()
        self.decoder = MLP(copies, [source_dim, target_dim, target_dim], nn.GELU)
        self.reversal = (schedule, strength, horizon, delay)
        self.reduce = reduce
        self.detach_target = detach_target

    def forward(self, source: Tensor, target: Tensor, *, progress: float) -> Tensor:
        wanted = target.detach() if self.detach_target else target
        reversed_source = reverse_gradient(source, reversal_strength(progress, *self.reversal))
        squared = (self.decoder(reversed_source) - wanted).square()
        if self.reduce == "mean":
            return squared.mean((-1, -2))
        total = squared.sum((-1, -2))
        return total if self.reduce == "sum" else total / squared.shape[-2]
