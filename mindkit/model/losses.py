"""Losses between a prediction and its label, for every component that predicts labels."""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn.functional import cross_entropy, smooth_l1_loss

PredictionLoss = Literal["auto", "mae", "mse", "mse_clipped_mae", "smooth_l1", "cross_entropy"]

_REGRESSION = ("mae", "mse", "mse_clipped_mae", "smooth_l1")
_CLASSIFICATION = ("cross_entropy",)


def prediction_loss(
    prediction: Tensor, target: Tensor, loss: PredictionLoss, task: str, clip: float = 3.0
) -> Tensor:
    """Return the loss, averaged over the batch.

    Shapes: prediction (..., B, C), target (..., B) -> (...). auto is mae for regression and
    cross_entropy for classification; mse_clipped_mae adds to the MSE the MAE of both sides cut to
    [-clip, clip], as MInD does on MOSEI.
    """
    refuse_misfit(loss, task)
    if prediction.shape[:-1] != target.shape or (task == "regression" and prediction.shape[-1] > 1):
        raise ValueError(
            f"{task} takes prediction (..., B, {'1' if task == 'regression' else 'C'}) and target "
            f"(..., B), got {tuple(prediction.shape)} and {tuple(target.shape)}"
        )
    if task == "classification":
        losses = cross_entropy(prediction.flatten(0, -2), target.flatten(), reduction="none")
        return losses.reshape(target.shape).mean(-1)
    value = prediction.squeeze(-1)  # (..., B)
    if loss == "smooth_l1":
        return smooth_l1_loss(value, target, reduction="none").mean(-1)
    if loss in ("auto", "mae"):
        return (value - target).abs().mean(-1)
    squared = (value - target).square().mean(-1)
    if loss == "mse":
        return squared
    return squared + (value.clamp(-clip, clip) - target.clamp(-clip, clip)).abs().mean(-1)


def refuse_misfit(loss: PredictionLoss, task: str) -> None:
    """Raise ValueError where `loss` is not one for `task`, naming those that are."""
    fitting = _CLASSIFICATION if task == "classification" else _REGRESSION
    if loss != "auto" and loss not in fitting:
        raise ValueError(
            f"loss '{loss}' is not one for {task}; set loss to one of: auto, {', '.join(fitting)}"
        )
