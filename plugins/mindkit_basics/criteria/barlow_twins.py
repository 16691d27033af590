from __future__ import annotations

from typing import Literal

from torch import Tensor

from mindkit.api import Criterion
from mindkit_basics.criteria.statistics import cross_square, refuse_small, standardized


class BarlowTwins(Criterion):
    """Pull the cross-correlation of two representations of the same samples to the identity.

    Shapes: a (..., B, D), b (..., B, D) -> (...).

    Zbontar et al. 2021, MInD eq. 7, 8: sum over i of (1 - C_ii)² + λ times the sum over i != j of
    C_ij², C the correlation over the batch. MInD's text says that λ is the width d, citing Tsai et
    al. 2021; that paper and the authors' code have 1/d. The rank of C is below B, so that it cannot
    reach 0 where B <= D.

    off_diagonal: λ, a number, 1/d or d; the original paper's is 0.0051.
    off_diagonal_target: what C_ij is pulled to; -1 is the HSIC variant of Tsai et al. 2021, whose
    second sum is of (1 + C_ij)².
    eps: added to the variance (population) under the root, as BatchNorm does.
    """

    role = "consistency"
    batched = True
    min_batch = 2

    def __init__(
        self,
        a_dim: int,
        *,
        off_diagonal: float | Literal["1/d", "d"] = "1/d",
        off_diagonal_target: Literal[0, -1] = 0,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        named = {"1/d": 1 / a_dim, "d": float(a_dim)}
        self.off_diagonal = named[off_diagonal] if off_diagonal in named else float(off_diagonal)
        self.off_diagonal_target, self.eps = off_diagonal_target, eps

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        if a.shape != b.shape:
            raise ValueError(
                f"a (..., B, D) and b (..., B, D) must have one shape, got {tuple(a.shape)} and "
                f"{tuple(b.shape)}"
            )
        refuse_small(a.shape[-2], self.min_batch, "a correlation")
        on, off = correlation_sums(
            standardized(a, self.eps), standardized(b, self.eps), self.off_diagonal_target
        )
        return on + self.off_diagonal * off


def correlation_sums(a: Tensor, b: Tensor, target: int = 0) -> tuple[Tensor, Tensor]:
    """Return the sums of (1 - C_ii)² and of (C_ij - target)², i != j, of standardised a and b.

    Shapes: a (..., B, D), b (..., B, D) -> (...), (...).
    """
    size, width = a.shape[-2:]
    diagonal = (a * b).mean(-2)  # (..., D)
    off = cross_square(a, b) / size**2 - diagonal.square().sum(-1)
    if target:
        total = (a.sum(-1) * b.sum(-1)).mean(-1) - diagonal.sum(-1)  # of C_ij, i != j
        off = off - 2 * target * total + target**2 * width * (width - 1)
    return (1 - diagonal).square().sum(-1), off
