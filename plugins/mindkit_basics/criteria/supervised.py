from __future__ import annotations

from torch import Tensor

from mindkit.api import Criterion, PredictionLoss, prediction_loss, refuse_misfit


class Supervised(Criterion):
    """Compare the prediction with the label.

    Shapes: prediction (..., B, C), target (..., B) -> (...).

    L_Task of MInD eq. 19. The paper says cross-entropy or "mean error loss"; the authors' code has
    mae on MOSI, mse_clipped_mae on MOSEI, cross_entropy on UR-FUNNY.

    loss: auto is mae for regression and cross_entropy for classification; mse_clipped_mae is the
    MSE plus the MAE of prediction and label both cut to [-clip, clip].
    clip: where mse_clipped_mae cuts, in units of the label.
    """

    role = "task"
    batched = True

    def __init__(self, task: str, *, loss: PredictionLoss = "auto", clip: float = 3.0) -> None:
        super().__init__()
        refuse_misfit(loss, task)
        self.task, self.loss, self.clip = task, loss, clip

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        return prediction_loss(prediction, target, self.loss, self.task, self.clip)
