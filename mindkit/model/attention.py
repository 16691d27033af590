"""Attention over time that several components share: sinusoidal positions, cross-modal layers.

Axes: B batch, L and S lengths, D width.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, pad, scaled_dot_product_attention


class Crossmodal(nn.Module):
    """Each sequence attends to each other one, and then to what it has gathered from them.

    Shapes: sequences [(B, L, D)], masks [(B, L)] -> [(B, L, E)], E = `width`.

    MulT (Tsai et al. 2019): a cross-modal encoder for each ordered pair; the results of one target
    stand side by side and pass a self-attention encoder. A single sequence attends to itself.

    dropouts: of attention weights, embedded inputs, hidden units and sums. source_dropouts: of
        attention weights, by the sequence attended to, in place of the first in the cross-modal
        encoders.
    """

    def __init__(
        self,
        width: int,
        count: int,
        layers: int,
        memory_layers: int,
        heads: int,
        causal: bool,
        dropouts: tuple[float, float, float, float],
        source_dropouts: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        attention, *others_of = dropouts
        by_source = source_dropouts or [attention] * count
        self.others = _others(count)
        self.crossing = nn.ModuleList(
            nn.ModuleList(
                CrossmodalEncoder(width, layers, heads, causal, by_source[source], *others_of)
                for source in others
            )
            for others in self.others
        )
        self.width = width * len(self.others[0])
        self.memory = nn.ModuleList(
            CrossmodalEncoder(self.width, memory_layers, heads, causal, *dropouts)
            for _ in range(count)
        )

    def forward(self, sequences: list[Tensor], masks: list[Tensor]) -> list[Tensor]:
        gathered = []
        for target, others in enumerate(self.others):
            mask = masks[target]
            crossed = [
                self.crossing[target][place](sequences[target], mask, sequences[s], masks[s])  # type: ignore[index]
                for place, s in enumerate(others)
            ]
            memory = torch.cat(crossed, 2)
            gathered.append(self.memory[target](memory, mask, memory, mask))
        return gathered


class CrossmodalEncoder(nn.Module):
    """Pre-norm layers in which a target attends to a source.

    Shapes: x (B, L, D), mask (B, L), y (B, S, D), source_mask (B, S) -> (B, L, D).

    causal: whether step i sees the source up to step i + |l - s|, l and s the sample's own lengths.
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
            allowed = allowed & _not_later(mask, source_mask)
        for layer in self.layers:
            x = layer(x, y, allowed)
        return self.norm(x)

    def _embed(self, x: Tensor, mask: Tensor) -> Tensor:
        position = mask.cumsum(1).masked_fill(~mask, 0)
        return self.embedding_dropout(math.sqrt(x.shape[2]) * x + sinusoids(position, x))


class _Layer(nn.Module):
    """Attention to the source and feed-forward, each on a normalised input and added to it.

    Weights are drawn as in MulT's code.
    """

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
        self._draw(width)

    def _draw(self, width: int) -> None:
        """Xavier-uniform weights and no biases, query, key and value as one (3D, D) matrix."""
        for linear in (self.query, self.key_value, self.out, self.feed[0], self.feed[3]):
            nn.init.zeros_(linear.bias)  # type: ignore[arg-type]
            nn.init.xavier_uniform_(linear.weight)  # type: ignore[arg-type]
        bound = math.sqrt(6 / (width + 3 * width))
        for linear in (self.query, self.key_value):
            nn.init.uniform_(linear.weight, -bound, bound)

    def forward(self, x: Tensor, y: Tensor, allowed: Tensor) -> Tensor:
        x = x + self.dropout(self._attend(self.norm(x), self.norm(y), allowed))
        return x + self.dropout(self.feed(self.feed_norm(x)))

    def _attend(self, x: Tensor, y: Tensor, allowed: Tensor) -> Tensor:
        query = self.query(x).unflatten(2, (self.heads, -1)).transpose(1, 2)
        key, value = self.key_value(y).unflatten(2, (2, self.heads, -1)).permute(2, 0, 3, 1, 4)
        dropout = self.attention if self.training else 0.0
        mixed = scaled_dot_product_attention(query, key, value, allowed, dropout)
        return self.out(mixed.transpose(1, 2).flatten(2))


def _not_later(mask: Tensor, source_mask: Tensor) -> Tensor:
    """Which source steps a causal target step sees, (B, 1, L, S).

    The authors count padding into the lengths; by its own a sample does not depend on its batch.
    """
    offset = (mask.sum(1) - source_mask.sum(1)).abs()
    step = torch.arange(mask.shape[1], device=mask.device).unsqueeze(1)
    source = torch.arange(source_mask.shape[1], device=mask.device)
    return (source <= step + offset[:, None, None]).unsqueeze(1)


def last_step(steps: Tensor, mask: Tensor) -> Tensor:
    """Return the last real step. Shapes: steps (B, L, D), mask (B, L) -> (B, D)."""
    last = (mask.sum(1) - 1).clamp(min=0)
    return steps.take_along_dim(last[:, None, None], 1).squeeze(1)


def sinusoids(position: Tensor, like: Tensor) -> Tensor:
    """Sines, then cosines, of position (B, L) at D / 2 rates from 1 to 1e-4: (B, L, D); 0 at 0."""
    half = like.shape[2] // 2
    precise = torch.promote_types(like.dtype, torch.float32)
    steps = torch.arange(half, device=like.device, dtype=precise)
    rates = torch.exp(steps * (-math.log(10000) / max(half - 1, 1)))
    counts = torch.arange(position.shape[1] + 2, device=like.device).unsqueeze(1)
    table = torch.cat([(counts * rates).sin(), (counts * rates).cos()], 1)
    table = pad(table, (0, like.shape[2] % 2)) * (counts > 0)
    return embedding(position, table.to(like.dtype))


def _others(count: int) -> list[list[int]]:
    """What each of `count` sequences attends to: all others, or itself where there is none."""
    return [[s for s in range(count) if s != target] or [target] for target in range(count)]
