"""What criteria share that tell modalities apart. Axes: B batch, M modalities, D width."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy


def width_of_each(dim: int, count: int) -> int:
    """Return D of `dim` numbers that are `count` vectors side by side; ValueError if it is none."""
    if count < 2:
        raise ValueError(
            "one modality cannot be told from others; --drop the term too, or keep two modalities"
        )
    if dim % count:
        raise ValueError(f"all modalities have one width, got {dim} numbers of {count}")
    return dim // count


def modality_loss(scores: Tensor) -> Tensor:
    """Return the cross-entropy of scores of M vectors a sample. Shapes: scores (B, M, M) -> ()."""
    size, count, _ = scores.shape
    label = torch.arange(count, device=scores.device).expand(size, -1)
    return cross_entropy(scores.flatten(0, 1), label.flatten())
