from __future__ import annotations

from torch import Tensor

from mindkit.api import Criterion


class StepMse(Criterion):
    """Compare two sequences by their mean squared error over real steps and the width.

    Shapes: a (B, L, D), b (B, L, D), mask (B, L) -> ().

    DMD's L_recon and L_cyc; the authors' code averages over padded steps too.
    """

    role = "consistency"

    def forward(self, a: Tensor, b: Tensor, mask: Tensor) -> Tensor:
        errors = (a - b).square().mean(2)  # (B, L)
        return errors.masked_fill(~mask, 0).sum() / mask.sum().clamp(min=1)
