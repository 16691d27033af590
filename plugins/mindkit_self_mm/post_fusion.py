from __future__ import annotations

from torch import Tensor, nn

from mindkit.api import FusionHead


class PostFusion(FusionHead):
    """Predict from all parts side by side, and give the fused vector that it predicts from.

    Shapes: parts (P, B, D) -> (B, C), (B, H).

    Self-MM's fusion: dropout -> f = ReLU(Linear) -> ReLU(Linear) -> Linear; `fused` is f.

    hidden: width of f and of the layer behind it.
    dropout: probability of zeroing an entry of the parts, 0 to 1.
    """

    def __init__(
        self,
        parts_dim: int,
        num_parts: int,
        num_outputs: int,
        *,
        hidden: int = 128,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.fused_dim = hidden
        self.fuse = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(num_parts * parts_dim, hidden), nn.ReLU()
        )
        self.predict = nn.Sequential(
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, num_outputs)
        )

    def forward(self, parts: Tensor) -> tuple[Tensor, Tensor]:
        fused = self.fuse(parts.transpose(0, 1).flatten(1))
        return self.predict(fused), fused
