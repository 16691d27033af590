from __future__ import annotations

from typing import Literal

from torch import Tensor

from mindkit.api import Criterion
from mindkit_basics.criteria.statistics import centred, cross_square, refuse_small


class SoftOrthogonality(Criterion):
    """Keep the features of two representations orthogonal over the batch.

    Shapes: a (..., B, D), b (..., B, E) -> (...).

    |âᵀ b̂|², Frobenius norm, the rows of â and b̂ of length 1 (to which 1e-6 is added). The papers of
    DSN and MISA print the sum over the D E entries, their code takes the mean: 16 384 times less at
    width 128, and MISA's weight 0.3 belongs to the mean.

    centre: whether the mean over the batch is subtracted first, as in MISA's code, or not, as in
    DSN's.
    entries: the mean over the entries, or their sum.
    detach_norm: whether the rows' lengths are constants for the gradient, as in MISA's code.
    """

    role = "difference"
    batched = True
    min_batch = 2

    def __init__(
        self,
        *,
        centre: bool = True,
        entries: Literal["mean", "sum"] = "mean",
        detach_norm: bool = True,
    ) -> None:
        super().__init__()
        self.centre, self.entries, self.detach_norm = centre, entries, detach_norm

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        refuse_small(a.shape[-2], self.min_batch, "orthogonality over the batch")
        total = cross_square(self._unit(a), self._unit(b))
        return total / (a.shape[-1] * b.shape[-1]) if self.entries == "mean" else total

    def _unit(self, x: Tensor) -> Tensor:
        x = centred(x) if self.centre else x
        if self.detach_norm:
            return x / (x.detach().norm(dim=-1, keepdim=True) + 1e-6)
        return x / ((x.square().sum(-1, keepdim=True) + 1e-24).sqrt() + 1e-6)
