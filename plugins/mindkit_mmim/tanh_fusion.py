from __future__ import annotations

from torch import Tensor, nn

from mindkit.api import FusionHead


class TanhFusion(FusionHead):
    """Fuse all parts by two layers with tanh, and predict from the result by a linear one.

    Shapes: parts (P, B, D) -> (B, C), (B, H).

    MMIM's fusion: Z = tanh(Linear(tanh(Linear(dropout(parts))))), ŷ = Linear(Z); `fused` is Z.

    hidden: width of Z and of the layer before it.
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
            nn.Dropout(dropout),
            nn.Linear(num_parts * parts_dim, hidden),
            nn.Tanh(),
            nn.Linear(hidden, hidden),
            nn.Tanh(),
        )
        self.predict = nn.Linear(hidden, num_outputs)

    def forward(self, parts: Tensor) -> tuple[Tensor, Tensor]:
        fused = self.fuse(parts.transpose(0, 1).flatten(1))
        return self.predict(fused), fused
