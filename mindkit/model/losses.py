"""Losses between a prediction and its target, for every component that predicts labels."""

from __future__ import annotations

from typing import Literal

import torch.nn.functional as F
from torch import Tensor

PredictionLoss = Literal["auto", "mae", "mse", "mse_clipped_mae", "smooth_l1", "cross_entropy"]


def prediction_loss(
    prediction: Tensor, target: Tensor, loss: PredictionLoss, task: str, clip: float = 3.0
) -> Tensor:
    """Return the mean loss over the batch.

    Shapes: prediction (..., B, C), target (..., B) -> (...). auto is mae for regression and
    cross_entropy for classification; mse_clipped_mae adds to the MSE the MAE of both sides cut to
    [-clip, clip], as MInD does on MOSEI.
    """
    if loss == "auto":
        loss = "mae" if task == "regression" else "cross_entropy"
    refuse_misfit(loss, task)
    if loss == "cross_entropy":
        picked = F.log_softmax(prediction, -1).gather(-1, target.unsqueeze(-1))
        return -picked.squeeze(-1).mean(-1)
    value = prediction.squeeze(-1)  # (..., B)
    if loss == "mae":
        return (value - target).abs().mean(-1)
    if loss == "smooth_l1":
        return F.smooth_l1_loss(value, target, reduction="none").mean(-1)
    squared = (value - target).square().mean(-1)
    if loss == "mse":
        return squared
    return squared + (value.clamp(-clip, clip) - target.clamp(-clip, clip)).abs().mean(-1)


def refuse_misfit(loss: PredictionLoss, task: str) -> None:
    """Raise ValueError when `loss` is not one for `task`."""
    fitting = ("cross_entropy",) if task == "classification" else _REGRESSION
    if loss != "auto" and loss not in fitting:
        raise ValueError(
            f"loss '{loss}' is not one for {task}; set loss to one of: auto, {', '.join(fitting)}"
        )


_REGRESSION = ("mae", "mse", "mse_clipped_mae", "smooth_l1")
