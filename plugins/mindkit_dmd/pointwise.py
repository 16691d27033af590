from __future__ import annotations

from torch import Tensor

from mindkit.api import Linear, Stage


class Pointwise(Stage):
    """Map each step by one matrix.

    Shapes: x (..., B, D) -> (..., B, D).

    DMD's encoders of the two streams and its decoder: convolutions of kernel 1 without a bias.
    """

    batched = True

    def __init__(self, x_dim: int, width: int, copies: int) -> None:
        super().__init__()
        self.convolve = Linear(copies, x_dim, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.convolve(x)
