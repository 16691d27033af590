"""Samples of the product of the marginals: which z goes with which x when they do not belong."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Negatives = Literal["shift", "derangement", "offdiag"]


def shuffle(z: Tensor, how: Negatives) -> Tensor:
    """Return z with its samples moved so that none stays. Shapes: z (..., B, D) -> (..., B, D).

    shift: sample i takes the place of i - 1, so that x_i meets z_{(i+1) mod B}. derangement: a
    random permutation without a fixed point, drawn anew.
    """
    if how == "shift":
        return z.roll(-1, -2)
    return z.index_select(-2, derangement(z.shape[-2], z.device))


def derangement(size: int, device: torch.device) -> Tensor:
    """Return a random permutation (B,) without a fixed point: one random cycle through all."""
    if size < 2:
        raise ValueError(f"a batch of {size} has no derangement; use at least 2 samples")
    order = torch.randperm(size, device=device)
    moved = torch.empty_like(order)
    moved[order] = order.roll(-1)
    return moved


def offdiagonal_mean(values: Tensor) -> Tensor:
    """Return the mean over i != j. Shapes: values (..., B, B) -> (...)."""
    size = values.shape[-1]
    everything = values.sum((-1, -2))
    return (everything - values.diagonal(dim1=-2, dim2=-1).sum(-1)) / (size * (size - 1))
