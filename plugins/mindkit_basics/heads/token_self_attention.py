from __future__ import annotations

from torch import Tensor, nn

from mindkit.api import FusionHead


class TokenSelfAttention(FusionHead):
    """Let the parts attend to each other as tokens, then predict from all side by side.

    Shapes: parts (P, B, D) -> (B, C).

    MISA's fusion: one transformer encoder layer (post-norm, ReLU, no positions), then
    Linear(P D, P D / 2) -> dropout -> ReLU -> Linear, dropout before ReLU as in the authors' code.

    heads: number of attention heads; must divide the width D.
    feed: width of the feed-forward part of the layer.
    attention_dropout: probability of zeroing in the layer, 0 to 1.
    dropout: probability of zeroing a hidden unit behind it, 0 to 1.
    """

    def __init__(
        self,
        parts_dim: int,
        num_parts: int,
        num_outputs: int,
        *,
        heads: int = 2,
        feed: int = 2048,
        attention_dropout: float = 0.1,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if parts_dim % heads:
            raise ValueError(f"heads must divide the width {parts_dim}, got {heads}")
        self.attend = nn.TransformerEncoderLayer(parts_dim, heads, feed, attention_dropout)
        wide = num_parts * parts_dim
        self.predict = nn.Sequential(
            nn.Linear(wide, wide // 2),
            nn.Dropout(dropout),
            nn.ReLU(),
            nn.Linear(wide // 2, num_outputs),
        )

    def forward(self, parts: Tensor) -> Tensor:
        tokens = self.attend(parts)  # (P, B, D), the parts being the time axis
        return self.predict(tokens.transpose(0, 1).flatten(1))
