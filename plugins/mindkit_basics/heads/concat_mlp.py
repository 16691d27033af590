"""Concatenation, one linear layer and a small network."""

from __future__ import annotations

from torch import Tensor, nn

from mindkit.api import FusionHead


class ConcatMlp(FusionHead):
    """h = FC(all parts side by side); prediction = G(h), a shallow GELU network.

    Shapes: parts (P, B, D) -> (B, C). MInD eq. 15, 16.

    fused: width of h.
    hidden: width of the hidden layer of G.
    dropout: fraction dropped before the GELU of G, where the authors' code has it.
    """

    def __init__(
        self,
        parts_dim: int,
        num_parts: int,
        num_outputs: int,
        *,
        fused: int = 128,
        hidden: int = 64,
        dropout: float = 0.15,
    ) -> None:
        super().__init__()
        self.fuse = nn.Linear(num_parts * parts_dim, fused)
        self.head = nn.Sequential(
            nn.Linear(fused, hidden), nn.Dropout(dropout), nn.GELU(), nn.Linear(hidden, num_outputs)
        )

    def forward(self, parts: Tensor) -> Tensor:
        side_by_side = parts.movedim(0, -2).flatten(-2)  # (B, P D)
        return self.head(self.fuse(side_by_side))
