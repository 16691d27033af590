from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from mindkit.api import FusionHead


class AttentionPooling(FusionHead):
    """Let the parts attend to each other, weigh each by its own attention, and predict.

    Shapes: parts (P, B, D) -> (B, C).

    The fusion of FDMER as reconstructed. Known of it, from the abstract, is cross-modal attention
    with adaptive weights; the rest is guessed:
    H' = LayerNorm(H + softmax(Q Kᵀ / sqrt(D)) V), one layer of one head; β = softmax over parts of
    qᵀ tanh(W h' + b), as in attention-based multi-channel graph networks; then
    [β_1 h'_1; …] -> Linear -> GELU -> dropout -> Linear.

    attend: whether the parts attend to each other before they are weighed.
    pool: whether the weighed parts are added, or stay side by side.
    dropout: probability of zeroing a hidden unit, 0 to 1.
    """

    def __init__(
        self,
        parts_dim: int,
        num_parts: int,
        num_outputs: int,
        *,
        attend: bool = True,
        pool: bool = False,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.attend, self.pool = attend, pool
        if attend:
            self.qkv = nn.Linear(parts_dim, 3 * parts_dim, bias=False)
            self.norm = nn.LayerNorm(parts_dim)
        self.score = nn.Sequential(
            nn.Linear(parts_dim, parts_dim), nn.Tanh(), nn.Linear(parts_dim, 1, bias=False)
        )
        wide = parts_dim if pool else num_parts * parts_dim
        self.predict = nn.Sequential(
            nn.Linear(wide, 2 * parts_dim),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(2 * parts_dim, num_outputs),
        )

    def forward(self, parts: Tensor) -> Tensor:
        tokens = parts.transpose(0, 1)  # (B, P, D)
        if self.attend:
            query, key, value = self.qkv(tokens).chunk(3, -1)
            attention = (query @ key.mT / math.sqrt(tokens.shape[-1])).softmax(-1)
            tokens = self.norm(tokens + attention @ value)
        weighed = self.weights(tokens).unsqueeze(2) * tokens
        return self.predict(weighed.sum(1) if self.pool else weighed.flatten(1))

    def weights(self, tokens: Tensor) -> Tensor:
        """Return the adaptive weights, which add up to 1. Shapes: tokens (B, P, D) -> (B, P)."""
        return torch.softmax(self.score(tokens).squeeze(2), 1)
