from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import mse_loss

from mindkit.api import MLP, Criterion, ReversalSchedule, reversal_strength, reverse_gradient


class Cyclic(Criterion):
    """Learn to predict the target from the source, while the source learns to prevent it.

    Shapes: source (..., B, D), target (..., B, E) -> (...).

    MInD eq. 14, one row for each of its terms: the squared error of Linear -> GELU -> Linear on the
    source behind a gradient reversal, as in the authors' code; the paper gives no network. There
    and here the target gets an ordinary gradient, unless detached.

    schedule: how the reversal grows over the planned training; the authors' code has dann.
    strength: factor of the reversed gradient at the end of the schedule; it moves the source only,
    where a term's weight moves both sides.
    horizon: fraction of the planned training in which the schedule runs; less is faster.
    delay: fraction of the horizon without reversal, for delayed_dann.
    error: mean over batch and width (authors' code), squared norm averaged over the batch, or
    summed (the paper's formula).
    detach_target: whether the target gets no gradient, which is the cleaner adversarial game.
    """

    role = "adversarial"
    batched = True

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
        error: Literal["mean", "mean_batch", "sum"] = "mean",
        detach_target: bool = False,
    ) -> None:
        super().__init__()
        self.reversal = schedule, strength, horizon, delay
        reversal_strength(0.0, *self.reversal)  # refuses what makes no schedule
        self.error, self.detach_target = error, detach_target
        self.decoder = MLP(copies, [source_dim, target_dim, target_dim], nn.GELU)

    def forward(self, source: Tensor, target: Tensor, *, progress: float) -> Tensor:
        target = target.detach() if self.detach_target else target
        source = reverse_gradient(source, reversal_strength(progress, *self.reversal))
        squares = mse_loss(self.decoder(source), target, reduction="none")  # (..., B, E)
        if self.error == "mean":
            return squares.mean((-1, -2))
        total = squares.sum((-1, -2))
        return total / squares.shape[-2] if self.error == "mean_batch" else total
