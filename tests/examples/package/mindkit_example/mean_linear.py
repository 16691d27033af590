"""The simplest fusion."""

from torch import nn

from mindkit.api import FusionHead


class MeanLinear(FusionHead):
    """A linear map of the parts' mean. Shapes: parts (P, B, D) -> (B, C)."""

    def __init__(self, parts_dim: int, num_outputs: int):
        super().__init__()
        self.output = nn.Linear(parts_dim, num_outputs)

    def forward(self, parts):
        return self.output(parts.mean(0))
