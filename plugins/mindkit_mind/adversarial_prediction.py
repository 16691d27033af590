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
    """Learn to predict the label from features, while the features learn to prevent it.

    Shapes: features (..., B, F), target (..., B) -> (...).

    MInD eq. 17, 18, L_NP, where the features are all noise parts side by side: Linear(F, F/2) ->
    dropout -> GELU -> Linear(F/2, C) behind a gradient reversal. The paper has the MSE for
    regression; the authors' code has mae on MOSI, mse on MOSEI, cross_entropy on UR-FUNNY. Noise
    knows nothing of the label, so that a loss clearly below that of the best constant is a leak.

    loss: auto is mae for regression and cross_entropy for classification.
    dropout: probability of zeroing a hidden unit, 0 to 1.
    schedule: how the reversal grows over the planned training; the authors' code has dann.
    strength: factor of the reversed gradient at the end of the schedule; it moves the features
    only, where a term's weight moves both sides.
    horizon: fraction of the planned training in which the schedule runs; less is faster.
    delay: fraction of the horizon without reversal, for delayed_dann.
    """

    role = "adversarial"
    batched = True

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
        self.task, self.loss = task, loss
        self.reversal = schedule, strength, horizon, delay
        reversal_strength(0.0, *self.reversal)  # refuses what makes no schedule
        half = max(features_dim // 2, 1)
        self.predictor = nn.Sequential(
            Linear(copies, features_dim, half),
            nn.Dropout(dropout),
            nn.GELU(),
            Linear(copies, half, num_outputs),
        )

    def forward(self, features: Tensor, target: Tensor, *, progress: float) -> Tensor:
        features = reverse_gradient(features, reversal_strength(progress, *self.reversal))
        return prediction_loss(self.predictor(features), target, self.loss, self.task)
