"""Noise must not tell the label."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from mindkit.api import (
    Criterion,
    Linear,
    ReversalSchedule,
    prediction_loss,
    refuse_misfit,
    reversal_strength,
    reverse_gradient,
)


class AdversarialPrediction(Criterion):
    """Loss of predicting the label from features whose gradient is reversed.

    Shapes: features (..., B, D), target (..., B) -> (...). MInD eq. 17, 18, L_NP. The features are
    noise, so the loss stays near the spread of the label; a clearly lower one is a leak.

    loss: auto (mae for regression, cross_entropy for classification), mae (the authors', MOSI),
        mse (the paper's, and the authors' on MOSEI), cross_entropy.
    dropout: fraction dropped before the GELU of the predictor.
    schedule: reversal strength over training: constant, linear, dann (the authors') or
        delayed_dann.
    strength: factor on the reversed gradient at the end of the schedule.
    horizon: fraction of planned training at which the schedule is complete.
    delay: fraction of the schedule that is waited out at 0, for delayed_dann.
    """

    batched = True
    role = "adversarial"

    def __init__(
        self,
        features_dim: int,
        num_outputs: int,
        task: str,
        copies: int,
        *,
        loss: Literal["auto", "mae", "mse", "cross_entropy"] = "auto",
        dropout: float = 0.15,
        schedule: ReversalSchedule = "dann",
        strength: float = 1.0,
        horizon: float = 1.0,
        delay: float = 0.0,
    ) -> None:
        super().__init__()
        refuse_misfit(loss, task)
        hidden = max(features_dim // 2, 1)
        self.predictor = nn.Sequential(
            Linear(copies, features_dim, hidden),
            nn.Dropout(dropout),
            nn.GELU(),
            Linear(copies, hidden, num_outputs),
        )
        self.task, self.loss = task, loss
        self.reversal = (schedule, strength, horizon, delay)

    def forward(self, features: Tensor, target: Tensor, *, progress: float) -> Tensor:
        reversed_features = reverse_gradient(features, reversal_strength(progress, *self.reversal))
        return prediction_loss(self.predictor(reversed_features), target, self.loss, self.task)
