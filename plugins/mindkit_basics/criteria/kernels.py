"""Kernels over a batch: how alike each two samples are. Axes: B batch, D width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

Kernel = Literal["linear", "rbf", "imq"]


def gram(
    x: Tensor, kernel: Kernel, bandwidth: float | None = None, multiples: Sequence[float] = (1.0,)
) -> Tensor:
    """Return the kernel of each two samples. Shapes: x (..., B, D) -> (..., B, B).

    linear: xᵀ y. rbf: exp(-|x - y|² / (2 σ²)). imq: 1 / (1 + |x - y|² / σ²), whose tails are
    heavier. σ² is `bandwidth`, or half the median squared distance; the kernels of several
    `multiples` of it are added up.
    """
    if kernel == "linear":
        return x @ x.mT
    distances = squared_distances(x)
    spread = 2 * bandwidth if bandwidth else median_distance(distances)  # 2 σ²
    kernels = [_decay(distances / (spread * multiple), kernel) for multiple in multiples]
    return sum(kernels[1:], kernels[0])


def refuse_bandwidth(kernel: Kernel, bandwidth: float | None, multiples: Sequence[float]) -> None:
    """Raise ValueError for bandwidths that are not positive, or that the kernel has no use for."""
    given = bandwidth is not None or tuple(multiples) != (1.0,)
    least = min([1.0 if bandwidth is None else bandwidth, *multiples], default=0)
    if not multiples or least <= 0 or (given and kernel == "linear"):
        raise ValueError(
            f"bandwidth is a positive σ² of the kernels rbf and imq, and multiples are positive "
            f"factors of it, got {bandwidth} and {multiples} with kernel '{kernel}'; leave them "
            "out or set kernel to rbf"
        )


def squared_distances(x: Tensor) -> Tensor:
    """Return |x_i - x_j|², never below 0. Shapes: x (..., B, D) -> (..., B, B).

    No root is taken: its gradient where samples coincide is not a number.
    """
    products = x @ x.mT
    squares = products.diagonal(dim1=-2, dim2=-1)
    return (squares.unsqueeze(-1) + squares.unsqueeze(-2) - 2 * products).clamp(min=0)


def median_distance(distances: Tensor) -> Tensor:
    """Return the median over i < j, detached and at least 1e-6. Shapes: (..., B, B) -> (..., 1, 1).

    For an even number of pairs it is the mean of the middle two.
    """
    size = distances.shape[-1]
    row, column = torch.triu_indices(size, size, 1, device=distances.device)
    ordered = distances.detach()[..., row, column].sort(-1).values
    count = ordered.shape[-1]
    median = (ordered[..., (count - 1) // 2] + ordered[..., count // 2]) / 2
    return median.clamp(min=1e-6)[..., None, None]


def _decay(scaled: Tensor, kernel: Kernel) -> Tensor:
    """The kernel of squared distances in units of 2 σ²."""
    return torch.exp(-scaled) if kernel == "rbf" else 1 / (1 + 2 * scaled)
