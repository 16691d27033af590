from __future__ import annotations

from torch import Tensor, nn

from mindkit.api import FusionHead, Linear, Residual


class GatedConcat(FusionHead):
    """Pass each part through a gate of its own, and predict from all side by side.

    Shapes: parts (P, B, D) -> (B, C).

    sigmoid(W_p h_p) for each part, as in DMD, or that times the part; then the residual network of
    the MulT family, x + W2 dropout(ReLU(W1 x)), and a linear layer.

    product: whether the gate multiplies its part, or stands in its place as in DMD's code.
    dropout: probability of zeroing a hidden unit, 0 to 1.
    """

    def __init__(
        self,
        parts_dim: int,
        num_parts: int,
        num_outputs: int,
        *,
        product: bool = True,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.product = product
        self.gate = Linear(num_parts, parts_dim, parts_dim)
        wide = num_parts * parts_dim
        self.hidden = Residual(wide, dropout)
        self.predict = nn.Linear(wide, num_outputs)

    def forward(self, parts: Tensor) -> Tensor:
        gates = self.gate(parts).sigmoid()
        passed = gates * parts if self.product else gates
        fused = passed.transpose(0, 1).flatten(1)  # (B, P D)
        return self.predict(self.hidden(fused))
