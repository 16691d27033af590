from __future__ import annotations

import torch
from torch import Tensor

from mindkit.api import Criterion, PredictionLoss, prediction_loss, refuse_misfit


class AuxiliarySupervised(Criterion):
    """Compare several predictions, side by side, with the one label, and add up.

    Shapes: predictions (B, MC), target (B,) -> ().

    The auxiliary parts of DMD's L_task, one for each modality of a stream.

    loss: auto is mae for regression and cross_entropy for classification.
    """

    role = "task"
    no_gradient = ("target",)

    def __init__(
        self, predictions_dim: int, num_outputs: int, task: str, *, loss: PredictionLoss = "auto"
    ) -> None:
        super().__init__()
        refuse_misfit(loss, task)
        self.task, self.loss = task, loss
        self.count = predictions_dim // num_outputs

    def forward(self, predictions: Tensor, target: Tensor) -> Tensor:
        losses = [
            prediction_loss(one, target, self.loss, self.task)
            for one in predictions.chunk(self.count, 1)
        ]
        return torch.stack(losses).sum()
