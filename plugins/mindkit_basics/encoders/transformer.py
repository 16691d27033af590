from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention

from mindkit.api import Encoder, sinusoids
from mindkit_basics.encoders.readouts import masked_max, masked_mean

Readout = Literal["masked_mean", "masked_max", "zero_token", "last_valid", "cls_token"]


class Transformer(Encoder):
    """Encode a sequence with the pre-norm transformer of MulT (Tsai et al. 2019).

    Shapes: x (B, L, F), mask (B, L) -> (B, D), (B, L, D). The second is the sequence of outputs at
    the L input steps, zero where padded.

    MInD eq. 1 for audio and vision. The frames, projected without bias and multiplied by sqrt(D),
    get sinusoidal positions; then `layers` times x + drop(MHA(LN x)) and
    x + drop(W2 drop(ReLU(W1 LN x))) with W1 of 4D rows; then a LayerNorm. Weights are
    Xavier-uniform and biases 0; query, key and value weights are one (3D, D) matrix, drawn as one.
    The authors' code has readout zero_token, padding_mask false and positions
    nonzero_first_channel: what it gives depends on how far a batch is padded. With padding_mask
    true nothing does. A sample without a real step gives zeros (masked_mean, masked_max,
    last_valid) or what the token alone gives.

    layers: number of layers.
    heads: number of attention heads; must divide the width D.
    attention_dropout: probability of zeroing an attention weight, 0 to 1.
    embedding_dropout: probability of zeroing an entry of the embedded frames, 0 to 1.
    relu_dropout: probability of zeroing an activation inside the feed-forward part, 0 to 1.
    residual_dropout: probability of zeroing an entry of what a sublayer adds, 0 to 1.
    readout: the vector is the mean over real steps, the greatest of each feature there, the output
    at a zero frame without position (the authors' code adds one at both ends and reads the last),
    at the last real step, or at a learned token put before the frames.
    padding_mask: whether padded steps are hidden from attention.
    positions: which frames get a position: all, or only those whose first projected channel is
    not 0, as in the authors' code, where that is meant to leave out padding.
    """

    accepts = ("sequence",)
    sequential = True

    def __init__(
        self,
        x_dim: int,
        width: int,
        *,
        layers: int = 3,
        heads: int = 4,
        attention_dropout: float = 0.5,
        embedding_dropout: float = 0.2,
        relu_dropout: float = 0.3,
        residual_dropout: float = 0.3,
        readout: Readout = "masked_mean",
        padding_mask: bool = True,
        positions: Literal["all", "nonzero_first_channel"] = "all",
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"heads must divide the width {width}, got {heads}")
        self.readout, self.padding_mask, self.positions = readout, padding_mask, positions
        self.projection = nn.Linear(x_dim, width, bias=False)
        self.embedding_dropout = nn.Dropout(embedding_dropout)
        dropouts = attention_dropout, relu_dropout, residual_dropout
        self.layers = nn.ModuleList(_Layer(width, heads, *dropouts) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        if readout == "cls_token":
            self.token = nn.Parameter(torch.empty(1, 1, width).normal_(std=0.02))

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        real = mask if self.padding_mask else torch.ones_like(mask)
        before = int(self.readout in ("zero_token", "cls_token"))  # steps put before the frames
        frames = self.projection(x)  # (B, L, D)
        placed = real if self.positions == "all" else real & (frames[..., 0] != 0)
        position = (real.cumsum(1) + before).masked_fill(~placed, 0)
        hidden = math.sqrt(frames.shape[2]) * frames + sinusoids(position, frames)
        hidden, seen = self._add_tokens(hidden, real)
        hidden = self.embedding_dropout(hidden)
        attended = seen[:, None, None] if self.padding_mask else None  # (B, 1, 1, S)
        for layer in self.layers:
            hidden = layer(hidden, attended)
        hidden = self.norm(hidden)
        steps = hidden[:, before : before + x.shape[1]]
        sequence = steps.masked_fill(~mask.unsqueeze(2), 0)
        return self._read(hidden, sequence, mask), sequence

    def _add_tokens(self, hidden: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """Steps (B, S, D) with the read-out's tokens, and which of them attention sees (B, S)."""
        if self.readout == "zero_token":
            return pad(hidden, (0, 0, 1, 1)), pad(real, (1, 1), value=True)
        if self.readout == "cls_token":
            token = self.token.to(hidden.dtype).expand(len(hidden), -1, -1)
            return torch.cat([token, hidden], 1), pad(real, (1, 0), value=True)
        return hidden, real | ~real.any(1, keepdim=True)  # softmax over nothing is not a number

    def _read(self, hidden: Tensor, sequence: Tensor, mask: Tensor) -> Tensor:
        if self.readout == "zero_token":
            return hidden[:, -1]
        if self.readout == "cls_token":
            return hidden[:, 0]
        if self.readout == "masked_mean":
            return masked_mean(sequence, mask)
        if self.readout == "masked_max":
            return masked_max(sequence, mask)
        last = (mask * torch.arange(mask.shape[1], device=mask.device)).amax(1)
        return sequence.take_along_dim(last[:, None, None], 1).squeeze(1)


class _Layer(nn.Module):
    """Self-attention and feed-forward, each on a normalised input and added to it."""

    def __init__(
        self, width: int, heads: int, attention: float, relu: float, residual: float
    ) -> None:
        super().__init__()
        self.heads = heads
        self.attention_dropout = nn.Dropout(attention)
        self.qkv, self.out = _linear(width, 3 * width), _linear(width, width)
        self.attention_norm, self.feed_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.feed = nn.Sequential(
            _linear(width, 4 * width), nn.ReLU(), nn.Dropout(relu), _linear(4 * width, width)
        )
        self.dropout = nn.Dropout(residual)

    def forward(self, x: Tensor, seen: Tensor | None) -> Tensor:
        x = x + self.dropout(self._attend(self.attention_norm(x), seen))
        return x + self.dropout(self.feed(self.feed_norm(x)))

    def _attend(self, x: Tensor, seen: Tensor | None) -> Tensor:
        query, key, value = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        dropout = self.attention_dropout.p if self.training else 0.0
        mixed = scaled_dot_product_attention(query, key, value, seen, dropout)  # (B, heads, S, -1)
        return self.out(mixed.transpose(1, 2).flatten(2))


def _linear(d_in: int, d_out: int) -> nn.Linear:
    linear = nn.Linear(d_in, d_out)
    nn.init.xavier_uniform_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear
