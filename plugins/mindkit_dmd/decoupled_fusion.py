from __future__ import annotations

import torch
from torch import Tensor, nn

from mindkit.api import (
    Crossmodal,
    CrossmodalEncoder,
    FusionHead,
    Residual,
    by_modality,
    last_step,
)
from mindkit_dmd.flat_linear import flat

NAMES = (
    "homogeneous_logits",
    "homogeneous",
    "heterogeneous_logits",
    "heterogeneous",
    "common_logits",
)


class DecoupledFusion(FusionHead):
    """Fuse private streams that attend to each other and shared ones that attend to themselves.

    Shapes: sequences [(B, L, D)], masks [(B, L)] -> (B, C), homogeneous_logits (B, H),
    homogeneous (B, H), heterogeneous_logits (B, H), heterogeneous (B, H), common_logits (B, H).

    DMD's branches. The sequences are the private ones s_m of all modalities, then the shared ones
    c_m of the same. With R(x) = x + W2 drop(ReLU(W1 x)), each R of its own:

        heterogeneous: h_m, the last step of MulT over the s_m; repr_m = R(h_m), a linear logit_m
        common: c, the last steps of a self-attention encoder for each c_m; a linear logit of R(c)
        homogeneous: x_m the steps of c_m side by side; repr_m = W x_m,
            logit_m linear in x_m + W' drop(ReLU(repr_m))
        prediction: linear in R([σ(W_m h_m), …, σ(W_c c)])

    The last step is the sample's own, padding is hidden from attention, and sequences keep their
    length. Under names, for all modalities side by side: the logits and the representations. What
    no term refers to is not built, so that it has no weights.

    layers: number of cross-modal and of self-attention layers.
    memory_layers: number of layers over what a modality has gathered; max(layers, 3) unless given.
    heads: number of attention heads; must divide the width D.
    causal: whether a step sees later ones of its own sequence, or of others (see
    `crossmodal_transformer`).
    attention_dropout: probability of zeroing a weight of attention, 0 to 1, or a map from the
    modality attended to.
    memory_dropout: probability of zeroing a weight of attention behind the cross-modal layers.
    embedding_dropout: probability of zeroing an entry of an input, 0 to 1.
    relu_dropout: probability of zeroing an activation inside the feed-forward part, 0 to 1.
    residual_dropout: probability of zeroing an entry of what a sublayer adds, 0 to 1.
    dropout: probability of zeroing a hidden unit of each R and of the homogeneous branch, 0 to 1.
    length: number of steps that the homogeneous branch has weights for; later ones are left out.
    """

    streams = 2

    def __init__(
        self,
        parts_dim: int,
        sequences_modalities: tuple[str, ...],
        num_outputs: int,
        fused_names: tuple[str, ...] = NAMES,
        *,
        layers: int = 4,
        memory_layers: int | None = None,
        heads: int = 2,
        causal: bool = True,
        attention_dropout: float | dict[str, float] = 0.3,
        memory_dropout: float = 0.3,
        embedding_dropout: float = 0.2,
        relu_dropout: float = 0.0,
        residual_dropout: float = 0.0,
        dropout: float = 0.5,
        length: int = 50,
    ) -> None:
        super().__init__()
        modalities = sequences_modalities[: len(sequences_modalities) // self.streams]
        if parts_dim % heads:
            raise ValueError(f"heads must divide the width {parts_dim}, got {heads}")
        count = self.count = len(modalities)
        by_source = by_modality("attention_dropout", attention_dropout, modalities)
        dropouts = embedding_dropout, relu_dropout, residual_dropout
        behind = max(layers, 3) if memory_layers is None else memory_layers
        self.crossmodal = Crossmodal(
            parts_dim, count, layers, behind, heads, causal, (memory_dropout, *dropouts), by_source
        )
        self.attend = nn.ModuleList(
            CrossmodalEncoder(parts_dim, layers, heads, causal, attention, *dropouts)
            for attention in by_source
        )
        wide, common = self.crossmodal.width, count * parts_dim
        self.fused_dim = {
            "homogeneous_logits": count * num_outputs,
            "homogeneous": count * parts_dim,
            "heterogeneous_logits": count * num_outputs,
            "heterogeneous": count * wide,
            "common_logits": num_outputs,
        }
        self.gates = nn.ModuleList(nn.Linear(wide, wide) for _ in modalities)
        self.common_gate = nn.Linear(common, common)
        self.predict = _Answer(count * wide + common, num_outputs, dropout)
        self.homogeneous, self.heterogeneous = nn.ModuleList(), nn.ModuleList()
        if _asked(fused_names, "homogeneous"):
            self.homogeneous.extend(
                _Flat(parts_dim, num_outputs, length, dropout) for _ in modalities
            )
        if _asked(fused_names, "heterogeneous"):
            self.heterogeneous.extend(_Answer(wide, num_outputs, dropout) for _ in modalities)
        self.common = (
            _Answer(common, num_outputs, dropout) if _asked(fused_names, "common") else None
        )

    def forward(
        self, sequences: list[Tensor], masks: list[Tensor]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        private, shared = sequences[: self.count], sequences[self.count :]
        masks = masks[: self.count]
        gathered = self.crossmodal(private, masks)
        last = [last_step(steps, mask) for steps, mask in zip(gathered, masks, strict=True)]
        attended = [
            last_step(encoder(x, mask, x, mask), mask)
            for encoder, x, mask in zip(self.attend, shared, masks, strict=True)
        ]
        common = torch.cat(attended, 1)
        gates = [gate(h).sigmoid() for gate, h in zip(self.gates, last, strict=True)]
        prediction, _ = self.predict(torch.cat([*gates, self.common_gate(common).sigmoid()], 1))
        fused: dict[str, Tensor] = {}
        if self.homogeneous:
            branches = zip(self.homogeneous, shared, masks, strict=True)
            fused |= _named("homogeneous", [branch(x, mask) for branch, x, mask in branches])
        if self.heterogeneous:
            answers = zip(self.heterogeneous, last, strict=True)
            fused |= _named("heterogeneous", [answer(h) for answer, h in answers])
        if self.common is not None:
            fused["common_logits"], _ = self.common(common)
        return prediction, fused


class _Answer(nn.Module):
    """R(x) and a linear answer from it. Shapes: x (B, D) -> (B, C), (B, D)."""

    def __init__(self, width: int, num_outputs: int, dropout: float) -> None:
        super().__init__()
        self.hidden = Residual(width, dropout)
        self.answer = nn.Linear(width, num_outputs)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        vector = self.hidden(x)
        return self.answer(vector), vector


class _Flat(nn.Module):
    """The homogeneous branch. Shapes: x (B, L, D), mask (B, L) -> (B, C), (B, D)."""

    def __init__(self, width: int, num_outputs: int, length: int, dropout: float) -> None:
        super().__init__()
        self.length = length
        self.narrow = nn.Linear(length * width, width)
        self.widen = nn.Sequential(nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, length * width))
        self.answer = nn.Linear(length * width, num_outputs)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        steps = flat(x, mask, self.length)
        vector = self.narrow(steps)
        return self.answer(steps + self.widen(vector)), vector


def _named(name: str, made: list[tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
    """Logits and representations of all modalities, each side by side."""
    logits, vectors = zip(*made, strict=True)
    return {f"{name}_logits": torch.cat(logits, 1), name: torch.cat(vectors, 1)}


def _asked(names: tuple[str, ...], branch: str) -> bool:
    return any(name.startswith(branch) for name in names)
