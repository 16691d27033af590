from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn.functional import relu

from mindkit.api import Criterion


class StepCosine(Criterion):
    """Push two sequences apart step by step until no cosine is positive.

    Shapes: a (B, L, D), b (B, L, D), mask (B, L) -> ().

    DMD's L_ort, the mean of max(0, cos), a cosine embedding with target -1: opposite vectors are
    left alone. The authors' tensors are (L, B, D), and their cosine runs along axis 1, which is the
    batch: a number for each step and feature, in place of one for each step and sample.

    axis: width, so that the two vectors of a step are compared; or batch, as in that code.
    """

    role = "difference"

    def __init__(self, *, axis: Literal["width", "batch"] = "width") -> None:
        super().__init__()
        self.axis = axis

    def forward(self, a: Tensor, b: Tensor, mask: Tensor) -> Tensor:
        real = mask.unsqueeze(2)
        a, b = a.masked_fill(~real, 0), b.masked_fill(~real, 0)
        if self.axis == "batch":
            values = relu(_cosines(a, b, 0))  # (L, D)
            return values.sum() / (mask.any(0).sum() * a.shape[2]).clamp(min=1)
        return relu(_cosines(a, b, 2)).sum() / mask.sum().clamp(min=1)


def _cosines(a: Tensor, b: Tensor, axis: int) -> Tensor:
    """Cosines along an axis, 0 for a zero vector, with eps under the root."""
    product = (a * b).sum(axis)
    squares = a.square().sum(axis) * b.square().sum(axis)
    return product * (squares + 1e-16).rsqrt()
