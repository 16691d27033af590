from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from mindkit.api import Criterion
from mindkit_basics.criteria.kernels import median_distance, squared_distances
from mindkit_basics.criteria.statistics import refuse_small


class Mmd(Criterion):
    """Compare two distributions by their maximum mean discrepancy (Gretton et al. 2012), squared.

    Shapes: a (..., B, D), b (..., B, D) -> (...); a (..., B, D) -> (...) against N(0, I).

    mean k(a, a) + mean k(b, b) - 2 mean k(a, b) with the kernel exp(-|x - y|² / (2 σ²)), or the
    mean of several. The pairing of the samples has no part in it. Without b, which may be left out,
    a is compared with samples of N(0, I), drawn anew each time. So are MFM's latents, where the
    mean squared difference is divided by D once more: kernel mfm, exp(-|x - y|² / D²).

    kernel: gaussian, with `bandwidths`; or that of MFM's code.
    bandwidths: values of σ², in units of half the median squared distance between all samples.
    scale: the unit of `bandwidths` instead of the median, where given.
    estimator: biased, which is >= 0, or unbiased, which leaves out i = j and may be negative.
    """

    role = "consistency"
    batched = True
    min_batch = 2

    def __init__(
        self,
        *,
        kernel: Literal["gaussian", "mfm"] = "gaussian",
        bandwidths: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0),
        scale: float | None = None,
        estimator: Literal["biased", "unbiased"] = "biased",
    ) -> None:
        super().__init__()
        if not bandwidths or min(bandwidths) <= 0 or (scale is not None and scale <= 0):
            raise ValueError(f"bandwidths and scale are positive, got {bandwidths} and {scale}")
        self.kernel, self.bandwidths, self.scale = kernel, bandwidths, scale
        self.estimator = estimator

    def forward(self, a: Tensor, b: Tensor | None = None) -> Tensor:
        b = torch.randn_like(a) if b is None else b
        size = a.shape[-2]
        refuse_small(min(size, b.shape[-2]), self.min_batch, "a discrepancy")
        kernel = self._kernel(squared_distances(torch.cat([a, b], -2)), a.shape[-1])
        within_a, within_b = kernel[..., :size, :size], kernel[..., size:, size:]
        across = kernel[..., :size, size:].mean((-1, -2))
        return self._mean(within_a) + self._mean(within_b) - 2 * across

    def _kernel(self, distances: Tensor, width: int) -> Tensor:
        if self.kernel == "mfm":
            return torch.exp(-distances / width**2)
        unit = self.scale if self.scale is not None else median_distance(distances) / 2
        return _mean([torch.exp(-distances / (2 * unit * one)) for one in self.bandwidths])

    def _mean(self, kernel: Tensor) -> Tensor:
        if self.estimator == "biased":
            return kernel.mean((-1, -2))
        size = kernel.shape[-1]
        own = kernel.diagonal(dim1=-2, dim2=-1).sum(-1)
        return (kernel.sum((-1, -2)) - own) / (size * (size - 1))


def _mean(values: Sequence[Tensor]) -> Tensor:
    return torch.stack(list(values)).mean(0)
