from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from mindkit.api import FusionHead
from mindkit_basics.encoders.transformer import sinusoids


class CrossmodalTransformer(FusionHead):
    """Let each modality's sequence attend to each other one's, and predict from the results.

    Shapes: sequences [(B, L, D)], masks [(B, L)] -> (B, C).

    MulT (Tsai et al. 2019): for each ordered pair a cross-modal encoder, whose layers do
    x + drop(MHA(LN x, LN y, LN y)), y always the other modality's input sequence and LN the same
    for all three, then x + drop(W2 drop(ReLU(W1 LN x))). The results of one target stand side by
    side and pass a self-attention encoder; its read-outs stand side by side and pass
    x + W2 drop(ReLU(W1 x)) and a linear layer. Lengths may differ between modalities. A single
    sequence attends to itself. The authors' code attends to padding and hides later steps
    (causal true); positions are sinusoidal.

    layers: number of cross-modal layers.
    memory_layers: number of self-attention layers behind; MulT has max(layers, 3).
    heads: number of attention heads; must divide the width D.
    causal: whether step i sees the other sequence up to step i + |L_q - L_k| only.
    readout: the last real step, as in MulT, or the mean over real steps.
    attention_dropout: probability of zeroing an attention weight, 0 to 1.
    embedding_dropout: probability of zeroing an entry of an input, 0 to 1.
    relu_dropout: probability of zeroing an activation inside the feed-forward part, 0 to 1.
    residual_dropout: probability of zeroing an entry of what a sublayer adds, 0 to 1.
    dropout: probability of zeroing a hidden unit of the last network, 0 to 1.
    """

    def __init__(
        self,
        parts_dim: int,
        num_sequences: int,
        num_outputs: int,
        *,
        layers: int = 5,
        memory_layers: int = 5,
        heads: int = 4,
        causal: bool = False,
        readout: Literal["last", "masked_mean"] = "last",
        attention_dropout: float = 0.1,
        embedding_dropout: float = 0.25,
        relu_dropout: float = 0.1,
        residual_dropout: float = 0.1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if parts_dim % heads:
            raise ValueError(f"heads must divide the width {parts_dim}, got {heads}")
        self.readout, self.others = readout, _others(num_sequences)
        dropouts = attention_dropout, embedding_dropout, relu_dropout, residual_dropout
        self.crossing = nn.ModuleList(
            nn.ModuleList(
                CrossmodalEncoder(parts_dim, layers, heads, causal, *dropouts) for _ in others
            )
            for others in self.others
        )
        wide = parts_dim * len(self.others[0])
        self.memory = nn.ModuleList(
            CrossmodalEncoder(wide, memory_layers, heads, causal, *dropouts)
            for _ in range(num_sequences)
        )
        total = wide * num_sequences
        self.hidden = nn.Sequential(
            nn.Linear(total, total), nn.ReLU(), nn.Dropout(dropout), nn.Linear(total, total)
        )
        self.predict = nn.Linear(total, num_outputs)

    def forward(self, sequences: list[Tensor], masks: list[Tensor]) -> Tensor:
        read = []
        for target, others in enumerate(self.others):
            mask = masks[target]
            crossed = [
                self.crossing[target][place](sequences[target], mask, sequences[s], masks[s])  # type: ignore[index]
                for place, s in enumerate(others)
            ]
            memory = torch.cat(crossed, 2)
            read.append(self._read(self.memory[target](memory, mask, memory, mask), mask))
        fused = torch.cat(read, 1)
        return self.predict(fused + self.hidden(fused))

    def _read(self, steps: Tensor, mask: Tensor) -> Tensor:
        count = mask.sum(1).clamp(min=1)
        if self.readout == "last":
            return steps.take_along_dim((count - 1)[:, None, None], 1).squeeze(1)
        return steps.masked_fill(~mask.unsqueeze(2), 0).sum(1) / count.unsqueeze(1)


class CrossmodalEncoder(nn.Module):
    """Pre-norm layers in which a target attends to a source.

    Shapes: x (B, L, D), mask (B, L), y (B, S, D), source_mask (B, S) -> (B, L, D).
    """

    def __init__(
        self,
        width: int,
        layers: int,
        heads: int,
        causal: bool,
        attention_dropout: float,
        embedding_dropout: float,
        relu_dropout: float,
        residual_dropout: float,
    ) -> None:
        super().__init__()
        self.causal = causal
        self.embedding_dropout = nn.Dropout(embedding_dropout)
        dropouts = attention_dropout, relu_dropout, residual_dropout
        self.layers = nn.ModuleList(_Layer(width, heads, *dropouts) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, mask: Tensor, y: Tensor, source_mask: Tensor) -> Tensor:
        x, y = self._embed(x, mask), self._embed(y, source_mask)
        seen = source_mask | ~source_mask.any(1, keepdim=True)  # softmax over nothing is no number
        allowed = seen[:, None, None]  # (B, 1, 1, S)
        if self.causal:
            offset = abs(x.shape[1] - y.shape[1])
            ones = torch.ones(x.shape[1], y.shape[1], dtype=torch.bool, device=x.device)
            allowed = allowed & ones.tril(offset)
        for layer in self.layers:
            x = layer(x, y, allowed)
        return self.norm(x)

    def _embed(self, x: Tensor, mask: Tensor) -> Tensor:
        position = mask.cumsum(1).masked_fill(~mask, 0)
        return self.embedding_dropout(math.sqrt(x.shape[2]) * x + sinusoids(position, x))


class _Layer(nn.Module):
    """Attention to the source and feed-forward, each on a normalised input and added to it."""

    def __init__(
        self, width: int, heads: int, attention: float, relu: float, residual: float
    ) -> None:
        super().__init__()
        self.heads, self.attention = heads, attention
        self.query, self.key_value = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.norm, self.feed_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.feed = nn.Sequential(
            nn.Linear(width, 4 * width), nn.ReLU(), nn.Dropout(relu), nn.Linear(4 * width, width)
        )
        self.dropout = nn.Dropout(residual)

    def forward(self, x: Tensor, y: Tensor, allowed: Tensor) -> Tensor:
        x = x + self.dropout(self._attend(self.norm(x), self.norm(y), allowed))
        return x + self.dropout(self.feed(self.feed_norm(x)))

    def _attend(self, x: Tensor, y: Tensor, allowed: Tensor) -> Tensor:
        query = self.query(x).unflatten(2, (self.heads, -1)).transpose(1, 2)
        key, value = self.key_value(y).unflatten(2, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        dropout = self.attention if self.training else 0.0
        mixed = scaled_dot_product_attention(query, key, value, allowed, dropout)
        return self.out(mixed.transpose(1, 2).flatten(2))


def _others(count: int) -> list[list[int]]:
    """What each of `count` sequences attends to: all others, or itself where there is none."""
    return [[s for s in range(count) if s != target] or [target] for target in range(count)]
