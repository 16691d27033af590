"""The encoder of a shared or private representation."""

from __future__ import annotations

from torch import Tensor, nn

from mindkit.api import LayerNorm, Linear, Stage


class Mlp(Stage):
    """One or two linear layers with GELU, per modality or shared.

    Shapes: x (..., B, D) -> (..., B, D). MInD eq. 2-4, E_S and E_P: the paper says "a simple linear
    network with GELU" (`layers` 1); the authors' code has two layers with LayerNorm and dropout
    between them.

    layers: 1 or 2 linear layers.
    dropout: fraction of hidden units dropped, between the two layers.
    normalize: LayerNorm after the first of two layers.
    """

    batched = True

    def __init__(
        self,
        x_dim: int,
        width: int,
        copies: int,
        *,
        layers: int = 2,
        dropout: float = 0.35,
        normalize: bool = True,
    ) -> None:
        super().__init__()
        if layers not in (1, 2):
            raise ValueError(f"layers is 1 or 2, got {layers}")
        steps: list[nn.Module] = [Linear(copies, x_dim, width), nn.GELU()]
        if layers == 2:
            steps += [LayerNorm(copies, width)] if normalize else []
            steps += [nn.Dropout(dropout), Linear(copies, width, width), nn.GELU()]
        self.network = nn.Sequential(*steps)

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x)
