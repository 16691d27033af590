from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from mindkit.api import Criterion
from mindkit_basics.criteria.kernels import Kernel, gram, refuse_bandwidth
from mindkit_basics.criteria.statistics import centred, cross_square, refuse_small, standardized


class Hsic(Criterion):
    """Measure dependence by the Hilbert-Schmidt independence criterion (Gretton et al. 2005).

    Shapes: a (..., B, D), b (..., B, E) -> (...).

    MInD eq. 10: tr(U K1 U K2) / (B - 1)², U the centring matrix; with the linear kernel the squared
    Frobenius norm of the cross-covariance. The authors' code expands the same trace into three
    terms. Linear HSIC grows with the fourth power of the scale, so that shrinking both lowers it;
    the biased estimate of independent samples is about tr(Cov a) tr(Cov b) / (B - 1), not 0.

    Other names: linear is `cross_cov`; with l2_rows it has the cosine kernel; with standardize it
    is `barlow_zero`, the sum over all i, j of Barlow Twins' C_ij², times (B / (B - 1))².

    kernel: linear, rbf, exp(-|x - y|² / (2 σ²)), or imq, 1 / (1 + |x - y|² / σ²).
    estimator: biased, which is >= 0, or unbiased (Song et al. 2012), which may be negative and
    takes at least 4 samples.
    normalize: what is done to the input: nothing, rows of length 1, or features with variance 1;
    cka divides HSIC(a, b) by the root of HSIC(a, a) HSIC(b, b).
    bandwidth: σ² of rbf and imq; without one, half the median squared distance in the batch.
    multiples: factors of that σ²; the kernels of all of them are added up.
    """

    role = "difference"
    batched = True
    min_batch = 2

    def __init__(
        self,
        *,
        kernel: Kernel = "linear",
        estimator: Literal["biased", "unbiased"] = "biased",
        normalize: Literal["none", "l2_rows", "standardize", "cka"] = "none",
        bandwidth: float | None = None,
        multiples: tuple[float, ...] = (1.0,),
    ) -> None:
        super().__init__()
        refuse_bandwidth(kernel, bandwidth, multiples)
        self.kernel, self.estimator, self.normalize = kernel, estimator, normalize
        self.bandwidth, self.multiples = bandwidth, multiples
        self.min_batch = 4 if estimator == "unbiased" else 2

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        refuse_small(a.shape[-2], self.min_batch, f"{self.estimator} HSIC")
        a, b = self._normalized(a), self._normalized(b)
        if self.normalize != "cka":
            return self._hsic(a, b)
        own = self._hsic(a, a) * self._hsic(b, b)
        return self._hsic(a, b) * (own.clamp(min=0) + 1e-12).rsqrt()  # 0, not NaN, if constant

    def _normalized(self, x: Tensor) -> Tensor:
        if self.normalize == "l2_rows":
            return x * (x.square().sum(-1, keepdim=True) + 1e-12).rsqrt()
        return standardized(x, 1e-5) if self.normalize == "standardize" else x

    def _hsic(self, a: Tensor, b: Tensor) -> Tensor:
        size = a.shape[-2]
        if self.kernel == "linear" and self.estimator == "biased":
            return cross_square(centred(a), centred(b)) / (size - 1) ** 2
        gram_a, gram_b = self._gram(a), self._gram(b)
        return unbiased(gram_a, gram_b) if self.estimator == "unbiased" else biased(gram_a, gram_b)

    def _gram(self, x: Tensor) -> Tensor:
        return gram(x, self.kernel, self.bandwidth, self.multiples)


def biased(k1: Tensor, k2: Tensor) -> Tensor:
    """Return tr(U K1 U K2) / (B - 1)². Shapes: k1 (..., B, B), k2 (..., B, B) -> (...)."""
    middle = centred(centred(k1).mT)  # U K1 U
    return (middle * k2).sum((-1, -2)) / (k1.shape[-1] - 1) ** 2


def unbiased(k1: Tensor, k2: Tensor) -> Tensor:
    """Return Song et al.'s estimate. Shapes: k1 (..., B, B), k2 (..., B, B) -> (...)."""
    n = k1.shape[-1]
    diagonal = torch.eye(n, dtype=torch.bool, device=k1.device)
    k1, k2 = k1.masked_fill(diagonal, 0), k2.masked_fill(diagonal, 0)
    rows1, rows2 = k1.sum(-1), k2.sum(-1)  # (..., B)
    trace = (k1 * k2).sum((-1, -2))
    sums = rows1.sum(-1) * rows2.sum(-1) / ((n - 1) * (n - 2))
    return (trace + sums - 2 / (n - 2) * (rows1 * rows2).sum(-1)) / (n * (n - 3))
