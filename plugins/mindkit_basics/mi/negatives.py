"""Samples of the product of the marginals: which z goes with which x when they do not belong."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Shuffle = Literal["shift", "derangement"]
InBatch = Literal["shift", "derangement", "offdiag"]
Negatives = Literal["shift", "derangement", "offdiag", "bank"]


def refuse_single(x: Tensor) -> None:
    """Raise ValueError where a batch (..., B, D) is too small to hold a negative."""
    if x.shape[-2] < 2:
        raise ValueError(f"x {tuple(x.shape)} has no negatives; use at least 2 samples")


def moved(z: Tensor, negatives: Shuffle) -> Tensor:
    """Return z with every sample moved to another's place. Shapes: z (..., B, D) -> (..., B, D).

    shift: x_i meets z_{(i+1) mod B}, as in MInD's code. derangement: a permutation without fixed
    points, drawn in each call, the same along the leading axes.
    """
    if negatives == "shift":
        return z.roll(-1, -2)
    return z.index_select(-2, derangement(z.shape[-2], z.device))


def derangement(size: int, device: torch.device) -> Tensor:
    """Return a random permutation (B,) of 0..B-1 without a fixed point: one cycle through all."""
    if size < 2:
        raise ValueError(f"a batch of {size} sample(s) has no derangement; use at least 2 samples")
    order = torch.randperm(size, device=device)
    return torch.empty_like(order).scatter(0, order, order.roll(-1))


def offdiagonal(scores: Tensor) -> Tensor:
    """Return the entries with i != j, row by row.

    Shapes: scores (..., B, B) -> (..., B (B - 1)).
    """
    size = scores.shape[-1]
    # Without the first entry, rows of B + 1 entries end on the diagonal.
    rows = scores.flatten(-2)[..., 1:].unflatten(-1, (size - 1, size + 1))
    return rows[..., :-1].flatten(-2)
