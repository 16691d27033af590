"""The Hilbert-Schmidt independence criterion."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from mindkit.api import Criterion


class Hsic(Criterion):
    """Dependence between a and b: tr(K H L H) / (B - 1)^2 with the linear kernel by default.

    Shapes: a (..., B, D), b (..., B, E) -> (...). MInD eq. 10, 11 (Gretton et al. 2005). With the
    linear kernel it is the squared Frobenius norm of the cross-covariance and grows with the fourth
    power of the scale; for independent a and b it is near tr(S_a) tr(S_b) / (B - 1), not 0.

    kernel: linear, x . y; or rbf, exp(-|x - y|^2 / (2 s^2)).
    estimator: biased (MInD's), or unbiased, which may be negative and needs 4 samples.
    normalize: what is done to a and b first: none (MInD's), l2_rows (unit length), standardize
        (each feature to unit variance); or cka, which divides by the root of HSIC(a,a) HSIC(b,b).
    bandwidth: s^2 of the rbf kernel; by default half the median squared distance in the batch.
    """

    batched = True
    role = "difference"
    min_batch = 2

    def __init__(
        self,
        *,
        kernel: Literal["linear", "rbf"] = "linear",
        estimator: Literal["biased", "unbiased"] = "biased",
        normalize: Literal["none", "l2_rows", "standardize", "cka"] = "none",
        bandwidth: float | None = None,
    ) -> None:
        super().__init__()
        if bandwidth is not None and kernel == "linear":
            raise ValueError("bandwidth is for kernel 'rbf'; remove it or set kernel to rbf")
        self.kernel, self.estimator, self.normalize = kernel, estimator, normalize
        self.bandwidth = bandwidth

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        size = a.shape[-2]
        if self.estimator == "unbiased" and size < 4:
            return (a.sum((-1, -2)) + b.sum((-1, -2))) * 0  # the estimate needs 4 samples
        a, b = self._normalised(a), self._normalised(b)
        if self.kernel == "linear" and self.estimator == "biased":
            return self._linear(a, b)
        k, l = self._gram(a), self._gram(b)  # noqa: E741  the paper's letters
        estimate = _biased if self.estimator == "biased" else _unbiased
        value = estimate(k, l)
        if self.normalize == "cka":
            value = value * (estimate(k, k) * estimate(l, l) + _EPS).rsqrt()
        return value

    def _linear(self, a: Tensor, b: Tensor) -> Tensor:
        a, b = _centred(a), _centred(b)
        scale = (a.shape[-2] - 1) ** 2
        if a.shape[-2] < max(a.shape[-1], b.shape[-1]):  # Gram matrices (B, B) are the smaller ones
            k, l = a @ a.mT, b @ b.mT  # noqa: E741
            pair = [(k * l).sum((-1, -2)), (k * k).sum((-1, -2)), (l * l).sum((-1, -2))]
        else:
            pair = [(x.mT @ y).square().sum((-1, -2)) for x, y in ((a, b), (a, a), (b, b))]
        if self.normalize == "cka":
            return pair[0] * (pair[1] * pair[2] + _EPS).rsqrt()
        return pair[0] / scale

    def _normalised(self, x: Tensor) -> Tensor:
        if self.normalize == "l2_rows":
            return x * (x.square().sum(-1, keepdim=True) + _EPS).rsqrt()
        if self.normalize == "standardize":
            x = _centred(x)
            return x * (x.square().mean(-2, keepdim=True) + _EPS).rsqrt()
        return x

    def _gram(self, x: Tensor) -> Tensor:
        products = x @ x.mT
        if self.kernel == "linear":
            return products
        norms = products.diagonal(dim1=-2, dim2=-1)
        distances = (norms.unsqueeze(-1) + norms.unsqueeze(-2) - 2 * products).clamp_min(0)
        if self.bandwidth is not None:
            return (-distances / (2 * self.bandwidth)).exp()
        # The kernel is 1/e at the median distance; the floor is for a batch that has collapsed.
        return (-distances / median_distance(distances).clamp_min(1e-6)[..., None, None]).exp()


_EPS = 1e-12


def median_distance(distances: Tensor) -> Tensor:
    """Return the median off-diagonal entry, detached. Shapes: distances (..., B, B) -> (...)."""
    size = distances.shape[-1]
    rows, columns = torch.triu_indices(size, size, 1, device=distances.device)
    return distances.detach()[..., rows, columns].quantile(0.5, dim=-1)


def _centred(x: Tensor) -> Tensor:
    return x - x.mean(-2, keepdim=True)


def _biased(k: Tensor, l: Tensor) -> Tensor:  # noqa: E741
    centred = k - k.mean(-1, keepdim=True) - k.mean(-2, keepdim=True)
    centred = centred + k.mean((-1, -2), keepdim=True)
    return (centred * l).sum((-1, -2)) / (k.shape[-1] - 1) ** 2


def _unbiased(k: Tensor, l: Tensor) -> Tensor:  # noqa: E741
    n = k.shape[-1]
    k, l = (m - torch.diag_embed(m.diagonal(dim1=-2, dim2=-1)) for m in (k, l))  # noqa: E741
    total = k.sum((-1, -2)) * l.sum((-1, -2)) / ((n - 1) * (n - 2))
    crossed = (k.sum(-1) * l.sum(-1)).sum(-1) * 2 / (n - 2)
    return ((k * l).sum((-1, -2)) + total - crossed) / (n * (n - 3))
