from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from mindkit.api import MLP, Criterion
from mindkit_basics.criteria.statistics import (
    cross_square,
    refuse_small,
    refuse_unlike,
    standardized,
)


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
    projector: widths of the layers, ReLU between them, that both go through first, one network for
    each pair; d is then the last width. None, as in MInD, unless given; the original paper's are
    three of 8192 with BatchNorm.
    """

    role = "consistency"
    batched = True
    min_batch = 2

    def __init__(
        self,
        a_dim: int,
        copies: int = 1,
        *,
        off_diagonal: float | Literal["1/d", "d"] = "1/d",
        off_diagonal_target: Literal[0, -1] = 0,
        eps: float = 1e-5,
        projector: tuple[int, ...] = (),
    ) -> None:
        super().__init__()
        widths = a_dim, *projector
        if min(widths) < 1:
            raise ValueError(f"projector holds widths of layers, got {projector}")
        self.projector = MLP(copies, widths) if projector else nn.Identity()
        named = {"1/d": 1 / widths[-1], "d": float(widths[-1])}
        self.off_diagonal = named[off_diagonal] if off_diagonal in named else float(off_diagonal)
        self.off_diagonal_target, self.eps = off_diagonal_target, eps

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        refuse_unlike(a, b)
        refuse_small(a.shape[-2], self.min_batch, "a correlation")
        a, b = self.projector(a), self.projector(b)
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
