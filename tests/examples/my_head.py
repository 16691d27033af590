from torch import nn

from mindkit.api import FusionHead, hookimpl


class GatedSum(FusionHead):
    """Sum of the parts, each weighed by its own gate. Shapes: parts (P, B, D) -> (B, C)."""

    def __init__(self, parts_dim: int, num_outputs: int):
        super().__init__()
        self.gate = nn.Linear(parts_dim, 1)
        self.output = nn.Linear(parts_dim, num_outputs)

    def forward(self, parts):
        return self.output((self.gate(parts).sigmoid() * parts).sum(0))


@hookimpl
def mindkit_register(registries):
    registries.fusion_heads.add("gated_sum", GatedSum)
