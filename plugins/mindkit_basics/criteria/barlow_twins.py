"""Barlow Twins: two views agree feature by feature, and features do not repeat each other."""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from mindkit.api import Criterion


class BarlowTwins(Criterion):
    """Sum_i (1 - C_ii)^2 + lambda Sum_{i != j} C_ij^2, C the cross-correlation over the batch.

    Shapes: a (..., B, D), b (..., B, D) -> (...). MInD eq. 7-9 (Zbontar et al. 2021). The paper's
    text says lambda is "the dimension of the embedding" and cites Tsai et al. 2021, who use 1/D, as
    the authors' code does. C has rank B - 1 at most, so for B <= D the loss cannot reach 0.

    off_diagonal: lambda; "1/d" (the default), "d" (the paper's letter) or a number (0.0051 in the
        original Barlow Twins).
    eps: added to the variance under the root, as in a BatchNorm without affine map.
    """

    batched = True
    role = "consistency"
    min_batch = 2

    def __init__(
        self, a_dim: int, *, off_diagonal: float | Literal["1/d", "d"] = "1/d", eps: float = 1e-5
    ) -> None:
        super().__init__()
        named = {"1/d": 1 / a_dim, "d": float(a_dim)}
        self.weight = named[off_diagonal] if isinstance(off_diagonal, str) else off_diagonal
        self.eps = eps

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        c = self._standardised(a).mT @ self._standardised(b) / a.shape[-2]  # (..., D, D)
        diagonal = c.diagonal(dim1=-2, dim2=-1)
        rest = c.square().sum((-1, -2)) - diagonal.square().sum(-1)
        return (1 - diagonal).square().sum(-1) + self.weight * rest

    def _standardised(self, x: Tensor) -> Tensor:
        centred = x - x.mean(-2, keepdim=True)
        variance = centred.square().mean(-2, keepdim=True)
        return centred * (variance + self.eps).rsqrt()
