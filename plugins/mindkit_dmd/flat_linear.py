from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import pad

from mindkit.api import Stage


def flat(x: Tensor, mask: Tensor, length: int) -> Tensor:
    """Return the first `length` steps side by side, 0 where there is none.

    Shapes: x (B, L, D), mask (B, L) -> (B, length D).
    """
    steps = x.masked_fill(~mask.unsqueeze(2), 0)[:, :length]
    return pad(steps, (0, 0, 0, length - steps.shape[1])).flatten(1)


class FlatLinear(Stage):
    """Read a sequence out by one linear layer over all of its steps side by side.

    Shapes: x (B, L, D), mask (B, L) -> (B, D).

    DMD's `align_m`, which makes the vectors of its margin loss.

    length: number of steps it has weights for; later ones are left out.
    """

    def __init__(self, x_dim: int, width: int, *, length: int = 50) -> None:
        super().__init__()
        self.length = length
        self.read = nn.Linear(length * x_dim, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.read(flat(x, mask, self.length))
