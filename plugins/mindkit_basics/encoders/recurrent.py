from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from mindkit.api import Encoder
from mindkit_basics.encoders.projection import Ending, ending
from mindkit_basics.encoders.readouts import masked_max, masked_mean


class Recurrent(Encoder):
    """Encode a sequence by a stack of recurrent layers, one direction or both.

    Shapes: x (B, L, F), mask (B, L) -> (B, D). With masked_mean or masked_max the
    sequence (B, L, D) is second.

    The defaults are MISA's for audio and vision: two bidirectional LSTMs as wide as the features, a
    LayerNorm between them, the final states of both side by side (forward ones first), then Linear
    -> ReLU -> LayerNorm. Self-MM and MMIM have one layer and `last`. A direction that reads
    backwards begins at each sample's last real step, so that nothing depends on padding.

    cell: lstm or gru.
    layers: number of layers, each with its own final state.
    bidirectional: whether each layer also reads backwards.
    hidden: width of a layer and direction; that of the features unless given.
    readout: the final states of all layers, those of the last one, or the mean, or the greatest of
    each feature, of its outputs over real steps (which give the sequence too).
    normalize: whether a LayerNorm stands between layers.
    orthogonal: whether the matrices from state to state are drawn orthogonal, as MISA's are, or as
    PyTorch draws them.
    dropout: probability of zeroing an entry of the read-out, 0 to 1.
    output: what ends the encoder: Linear -> ReLU -> LayerNorm, a linear layer alone, or nothing,
    where the read-out is of the common width already.
    """

    accepts = ("sequence",)
    sequential = True

    def __init__(
        self,
        x_dim: int,
        width: int,
        *,
        cell: Literal["lstm", "gru"] = "lstm",
        layers: int = 2,
        bidirectional: bool = True,
        hidden: int | None = None,
        readout: Literal["final_states", "last", "masked_mean", "masked_max"] = "final_states",
        normalize: bool = True,
        orthogonal: bool = True,
        dropout: float = 0.0,
        output: Ending = "projection",
    ) -> None:
        super().__init__()
        if layers < 1:
            raise ValueError(f"layers must be at least 1, got {layers}")
        hidden = hidden or x_dim
        directions = 2 if bidirectional else 1
        make = nn.LSTM if cell == "lstm" else nn.GRU
        self.readout = readout
        self.sequential = readout.startswith("masked")  # type: ignore[misc]  # of the instance
        self.layers = nn.ModuleList(
            nn.ModuleList(
                make(x_dim if layer == 0 else directions * hidden, hidden, batch_first=True)
                for _ in range(directions)
            )
            for layer in range(layers)
        )
        self.norms = nn.ModuleList(
            nn.LayerNorm(directions * hidden) if normalize else nn.Identity()
            for _ in range(layers - 1)
        )
        for name, parameter in self.named_parameters():
            if orthogonal and "weight_hh" in name:
                nn.init.orthogonal_(parameter)
        read = directions * hidden * (layers if readout == "final_states" else 1)
        self.output = nn.Sequential(nn.Dropout(dropout), ending(output, read, width))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        lengths = mask.sum(1).clamp(min=1)
        final: list[list[Tensor]] = []
        for number, directions in enumerate(self.layers):
            if number:
                x = self.norms[number - 1](x)
            outputs = []
            layer: nn.Module
            for backwards, layer in enumerate(directions):  # type: ignore[arg-type]
                steps: Tensor = layer(_reversed(x, lengths) if backwards else x)[0]  # (B, L, H)
                outputs.append((steps, _last(steps, lengths)))
            final.append([state for _, state in outputs])
            forward = outputs[0][0]
            x = torch.cat([forward, *(_reversed(o, lengths) for o, _ in outputs[1:])], 2)
        if self.sequential:
            read = masked_max if self.readout == "masked_max" else masked_mean
            return self.output(read(x, mask)), self.output(x).masked_fill(~mask.unsqueeze(2), 0)
        chosen = final if self.readout == "final_states" else final[-1:]
        by_direction = zip(*chosen, strict=True)  # all layers forwards, then all backwards
        return self.output(torch.cat([state for states in by_direction for state in states], 1))


def _reversed(x: Tensor, lengths: Tensor) -> Tensor:
    """The real steps in the opposite order, padding behind them as it was. Shapes: x (B, L, F)."""
    steps = torch.arange(x.shape[1], device=x.device)
    mirrored = lengths.unsqueeze(1) - 1 - steps  # (B, L)
    order = torch.where(mirrored >= 0, mirrored, steps)
    return x.take_along_dim(order.unsqueeze(2), 1)


def _last(x: Tensor, lengths: Tensor) -> Tensor:
    """The last real step of each sample. Shapes: x (B, L, H), lengths (B,) -> (B, H)."""
    return x.take_along_dim((lengths - 1)[:, None, None], 1).squeeze(1)
