from __future__ import annotations

from torch import Tensor, nn

from mindkit.api import Stage, last_step


class LstmLast(Stage):
    """Read a sequence with an LSTM, and map its last hidden state.

    Shapes: x (B, L, D), mask (B, L) -> (B, D).

    MFM's private encoder: z_m = Linear(h_m), both as wide as each other. h_m is the state at the
    sample's last real step; the authors' code reads the padding too.
    """

    def __init__(self, x_dim: int, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(x_dim, width, batch_first=True)
        self.output = nn.Linear(width, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.output(last_step(self.lstm(x)[0], mask))
