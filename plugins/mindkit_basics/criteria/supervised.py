from __future__ import annotations

from typing import Any, Literal

from torch import Tensor

from mindkit.api import Criterion, PredictionLoss, prediction_loss, refuse_misfit

Task = Literal["regression", "classification"]


class Supervised(Criterion):
    """Compare the prediction with the label.

    Shapes: prediction (..., B, C), target (..., B) -> (...).

    L_Task of MInD eq. 19. The paper says cross-entropy or "mean error loss"; the authors' code has
    mae on MOSI, mse_clipped_mae on MOSEI, cross_entropy on UR-FUNNY.

    loss: auto is mae for regression and cross_entropy for classification; mse_clipped_mae is the
    MSE plus the MAE of prediction and label both cut to [-clip, clip]. Or a map from task to loss,
    where one config is for both: {regression: mse} leaves auto to classes.
    clip: where mse_clipped_mae cuts, in units of the label.
    """

    role = "task"
    batched = True

    def __init__(
        self,
        task: str,
        *,
        loss: PredictionLoss | dict[Task, PredictionLoss] = "auto",
        clip: float = 3.0,
    ) -> None:
        super().__init__()
        by_task: dict[Any, PredictionLoss] = loss if isinstance(loss, dict) else {task: loss}
        for one, its_loss in by_task.items():
            refuse_misfit(its_loss, one)
        self.task, self.loss, self.clip = task, by_task.get(task, "auto"), clip

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        return prediction_loss(prediction, target, self.loss, self.task, self.clip)
