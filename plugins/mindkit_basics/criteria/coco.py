from __future__ import annotations

import torch
from torch import Tensor

from mindkit.api import Criterion
from mindkit_basics.criteria.statistics import centred, refuse_small


class Coco(Criterion):
    """Measure dependence by the constrained covariance (Gretton et al. 2005), linear kernel.

    Shapes: a (..., B, D), b (..., B, E) -> (...).

    The largest covariance between a direction of a and one of b: the spectral norm of
    centred(a)ᵀ b / B. It grows with the square of the scale.
    """

    role = "difference"
    batched = True
    min_batch = 2

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        refuse_small(a.shape[-2], self.min_batch, "a covariance")
        left, right = (a, b) if a.shape[-1] <= b.shape[-1] else (b, a)
        cross = centred(left).mT @ right / a.shape[-2]  # (..., D, E)
        # The gradient of an eigenvalue is finite everywhere, that of a singular value is not at 0.
        greatest = torch.linalg.eigvalsh(cross @ cross.mT)[..., -1]
        return (greatest.clamp(min=0) + 1e-24).sqrt()
