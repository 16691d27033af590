from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from mindkit.api import Encoder
from mindkit_basics.encoders.readouts import masked_max, masked_mean


class Convolution(Encoder):
    """Map a sequence to the common width by one convolution over time, and pool it.

    Shapes: x (B, L, F), mask (B, L) -> (B, D), (B, L, D).

    The front end of MulT (kernel 1), BBFN and DMD (kernel 3 or 5), there without padding, so that a
    sequence gets shorter; here it keeps its length, steps outside a sample counting as zero.

    kernel: number of steps that a step is made from; odd.
    bias: whether a constant is added.
    dropout: probability of zeroing a feature before, 0 to 1; MulT's is 0.25 for text.
    readout: the vector is the mean over real steps, or the greatest of each feature.
    """

    accepts = ("sequence",)
    sequential = True

    def __init__(
        self,
        x_dim: int,
        width: int,
        *,
        kernel: int = 1,
        bias: bool = False,
        dropout: float = 0.0,
        readout: Literal["masked_mean", "masked_max"] = "masked_mean",
    ) -> None:
        super().__init__()
        if kernel < 1 or kernel % 2 == 0:
            raise ValueError(f"kernel is an odd number of steps, got {kernel}")
        self.read = masked_max if readout == "masked_max" else masked_mean
        self.dropout = nn.Dropout(dropout)
        self.convolve = nn.Conv1d(x_dim, width, kernel, padding=kernel // 2, bias=bias)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        real = mask.unsqueeze(2)
        steps = self.convolve(self.dropout(x.masked_fill(~real, 0)).mT).mT
        sequence = steps.masked_fill(~real, 0)  # (B, L, D)
        return self.read(sequence, mask), sequence
