from __future__ import annotations

import torch
from torch import Tensor

from mindkit.api import Criterion
from mindkit_basics.criteria.statistics import centred, refuse_small


class Cca(Criterion):
    """Make two representations correlate in as many directions as they have (Andrew et al. 2013).

    Shapes: a (..., B, D), b (..., B, E) -> (...).

    Minus the sum of the canonical correlations, the singular values of
    Cov(a)^(-1/2) Cov(a, b) Cov(b)^(-1/2), in float64. With B <= D every correlation is 1
    without any training, so that B must be greater.

    ridge: added to the variances, so that the roots exist.
    top: number of greatest correlations that count; all unless given.
    """

    role = "consistency"
    batched = True
    min_batch = 2

    def __init__(self, *, ridge: float = 1e-3, top: int | None = None) -> None:
        super().__init__()
        if ridge <= 0 or (top is not None and top < 1):
            raise ValueError(f"ridge is positive and top at least 1, got {ridge} and {top}")
        self.ridge, self.top = ridge, top

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        refuse_small(a.shape[-2], self.min_batch, "a correlation")
        correlations = self.correlations(a, b)
        return -correlations[..., : self.top].sum(-1).to(a.dtype)

    def correlations(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the canonical correlations, greatest first, in float64: (..., min(D, E))."""
        left, right = centred(a.double()), centred(b.double())
        degrees = a.shape[-2] - 1
        cross = left.mT @ right / degrees
        # With Cov = L Lᵀ, L⁻¹ has the singular values that the symmetric root has.
        whitened = torch.linalg.solve_triangular(self._factor(left), cross, upper=False)
        whitened = torch.linalg.solve_triangular(self._factor(right), whitened.mT, upper=False)
        return torch.linalg.svdvals(whitened)

    def _factor(self, x: Tensor) -> Tensor:
        covariance = x.mT @ x / (x.shape[-2] - 1)
        ridge = self.ridge * torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
        return torch.linalg.cholesky(covariance + ridge)
