from __future__ import annotations

from torch import Tensor, nn

from mindkit.api import FusionHead


class ConcatMlp(FusionHead):
    """Predict from all parts side by side: one linear layer that fuses, and a shallow network.

    Shapes: parts (P, B, D) -> (B, C).

    MInD eq. 15, 16: h = FC(parts), then Linear -> dropout -> GELU -> Linear, as in the authors'
    code; the paper says "shallow MLP with GELU".

    fused: width of h, d_f.
    hidden: width of the network's hidden layer.
    dropout: probability of zeroing a hidden unit, 0 to 1.
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
        self.predict = nn.Sequential(
            nn.Linear(fused, hidden), nn.Dropout(dropout), nn.GELU(), nn.Linear(hidden, num_outputs)
        )

    def forward(self, parts: Tensor) -> Tensor:
        return self.predict(self.fuse(parts.transpose(0, 1).flatten(1)))  # (B, P D) -> (B, C)
