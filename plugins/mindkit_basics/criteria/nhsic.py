from __future__ import annotations

import torch
from torch import Tensor

from mindkit.api import Criterion
from mindkit_basics.criteria.kernels import Kernel, gram, refuse_bandwidth
from mindkit_basics.criteria.statistics import centred, refuse_small


class Nhsic(Criterion):
    """Measure dependence by HSIC with kernels that are normalised by their own inverses.

    Shapes: a (..., B, D), b (..., B, E) -> (...).

    nHSIC, the estimate of the normalised cross-covariance operator (Fukumizu et al. 2007):
    tr(K (K + B ε I)⁻¹ L (L + B ε I)⁻¹), K and L the kernels, centred over rows and columns, in
    float64. With the linear kernel and a small ε it is the sum of the squared canonical
    correlations. A kernel of full rank (rbf, imq, or linear where B <= D) needs the ridge: as it
    goes to 0 the value goes to B - 1, dependent or not.

    ridge: ε, usually 1e-5 to 1e-2 where kernels are at most 1; more gives less weight to
    directions of small variance.
    kernel: linear, rbf, exp(-|x - y|² / (2 σ²)), or imq, 1 / (1 + |x - y|² / σ²).
    bandwidth: σ² of rbf and imq; without one, half the median squared distance in the batch.
    multiples: factors of that σ²; the kernels of all of them are added up.
    """

    role = "difference"
    batched = True
    min_batch = 2

    def __init__(
        self,
        *,
        ridge: float = 1e-2,
        kernel: Kernel = "rbf",
        bandwidth: float | None = None,
        multiples: tuple[float, ...] = (1.0,),
    ) -> None:
        super().__init__()
        if ridge <= 0:
            raise ValueError(f"ridge is positive, got {ridge}")
        refuse_bandwidth(kernel, bandwidth, multiples)
        self.ridge, self.kernel = ridge, kernel
        self.bandwidth, self.multiples = bandwidth, multiples

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        refuse_small(a.shape[-2], self.min_batch, "nHSIC")
        return (self._shrunk(a) * self._shrunk(b)).sum((-1, -2)).to(a.dtype)

    def _shrunk(self, x: Tensor) -> Tensor:
        """K (K + B ε I)⁻¹, symmetric with eigenvalues from 0 to 1: (..., B, B)."""
        kernel = gram(x.double(), self.kernel, self.bandwidth, self.multiples)
        kernel = centred(centred(kernel).mT)
        size = x.shape[-2]
        ridge = size * self.ridge * torch.eye(size, dtype=kernel.dtype, device=kernel.device)
        return torch.linalg.solve(kernel + ridge, kernel)
