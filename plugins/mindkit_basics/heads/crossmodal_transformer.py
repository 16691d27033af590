from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from mindkit.api import Crossmodal, FusionHead, Residual, by_modality, last_step
from mindkit_basics.encoders.readouts import masked_mean


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
    memory_layers: number of self-attention layers behind; max(layers, 3) unless given, as in MulT.
    heads: number of attention heads; must divide the width D.
    causal: whether step i sees the other sequence up to step i + |L_q - L_k| only, the lengths of
    the sample itself (in the authors' code those of the padded batch).
    readout: the last real step, as in MulT, or the mean over real steps.
    attention_dropout: probability of zeroing a weight of cross-modal attention, 0 to 1, or a map
    from the modality attended to.
    memory_dropout: probability of zeroing a weight of self-attention behind, 0 to 1.
    embedding_dropout: probability of zeroing an entry of an input, 0 to 1.
    relu_dropout: probability of zeroing an activation inside the feed-forward part, 0 to 1.
    residual_dropout: probability of zeroing an entry of what a sublayer adds, 0 to 1.
    dropout: probability of zeroing a hidden unit of the last network, 0 to 1.
    """

    def __init__(
        self,
        parts_dim: int,
        sequences_modalities: tuple[str, ...],
        num_outputs: int,
        *,
        layers: int = 5,
        memory_layers: int | None = None,
        heads: int = 4,
        causal: bool = False,
        readout: Literal["last", "masked_mean"] = "last",
        attention_dropout: float | dict[str, float] = 0.1,
        memory_dropout: float = 0.1,
        embedding_dropout: float = 0.25,
        relu_dropout: float = 0.1,
        residual_dropout: float = 0.1,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if parts_dim % heads:
            raise ValueError(f"heads must divide the width {parts_dim}, got {heads}")
        self.readout = readout
        count = len(sequences_modalities)
        self.crossmodal = Crossmodal(
            parts_dim,
            count,
            layers,
            max(layers, 3) if memory_layers is None else memory_layers,
            heads,
            causal,
            (memory_dropout, embedding_dropout, relu_dropout, residual_dropout),
            by_modality("attention_dropout", attention_dropout, sequences_modalities),
        )
        total = self.crossmodal.width * count
        self.hidden = Residual(total, dropout)
        self.predict = nn.Linear(total, num_outputs)

    def forward(self, sequences: list[Tensor], masks: list[Tensor]) -> Tensor:
        gathered = self.crossmodal(sequences, masks)
        read = [self._read(steps, mask) for steps, mask in zip(gathered, masks, strict=True)]
        fused = torch.cat(read, 1)
        return self.predict(self.hidden(fused))

    def _read(self, steps: Tensor, mask: Tensor) -> Tensor:
        if self.readout == "last":
            return last_step(steps, mask)
        return masked_mean(steps, mask)
