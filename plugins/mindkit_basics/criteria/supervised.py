"""The task's own loss."""

from __future__ import annotations

from torch import Tensor

from mindkit.api import Criterion, PredictionLoss, prediction_loss, refuse_misfit


class Supervised(Criterion):
    """Mean loss of the prediction against the label.

    Shapes: prediction (..., B, C), target (..., B) -> (...). MInD eq. 19, L_Task: "mean error loss"
    or cross-entropy; the authors' code takes mae on MOSI and mse_clipped_mae on MOSEI.

    loss: auto (mae for regression, cross_entropy for classification), mae, mse, mse_clipped_mae
        (MSE plus the MAE of both sides cut to the label range), smooth_l1, cross_entropy.
    clip: the end of the label range, in label units, for mse_clipped_mae.
    """

    batched = True
    role = "task"

    def __init__(self, task: str, *, loss: PredictionLoss = "auto", clip: float = 3.0) -> None:
        super().__init__()
        refuse_misfit(loss, task)
        self.task, self.loss, self.clip = task, loss, clip

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        return prediction_loss(prediction, target, self.loss, self.task, self.clip)
