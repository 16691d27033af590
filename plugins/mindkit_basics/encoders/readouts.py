"""From a sequence to one vector. Axes: B batch, L length, D width; mask (B, L), True = real."""

import torch
from torch import Tensor


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Return the mean over real steps, 0 where there is none. Shapes: x (B, L, D) -> (B, D)."""
    total = x.masked_fill(~mask.unsqueeze(2), 0).sum(1)
    return total / mask.sum(1, keepdim=True).clamp(min=1)


def masked_max(x: Tensor, mask: Tensor) -> Tensor:
    """Return the greatest over real steps of each feature, 0 where there is none.

    Shapes: x (B, L, D) -> (B, D).
    """
    greatest = x.masked_fill(~mask.unsqueeze(2), -torch.inf).amax(1)
    return greatest.masked_fill(~mask.any(1, keepdim=True), 0)
