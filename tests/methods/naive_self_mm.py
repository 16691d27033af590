"""Self-MM written out from its description, sample by sample, in plain torch modules.

Labels and vectors are kept in dictionaries by sample. Nothing is stacked or padded. d is the common
width in which every encoder ends here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

MODALITIES = ("text", "audio", "vision")


class NaiveSelfMm(nn.Module):
    """bert: a transformer whose output has `last_hidden_state`. widths: of audio and vision.

    lstm, hidden: width of the LSTM, and of f_s, by modality. fused: width of f.
    """

    def __init__(
        self,
        bert: nn.Module,
        bert_width: int,
        widths: dict[str, int],
        lstm: dict[str, int],
        hidden: dict[str, int],
        d: int,
        fused: int,
    ) -> None:
        super().__init__()
        self.bert = bert
        self.project = nn.Sequential(nn.Linear(bert_width, d), nn.ReLU(), nn.LayerNorm(d))
        self.lstm = nn.ModuleDict({m: nn.LSTM(w, lstm[m]) for m, w in widths.items()})
        self.out = nn.ModuleDict({m: nn.Linear(lstm[m], d) for m in widths})
        sizes = {"fused": (3 * d, fused)} | {m: (d, hidden[m]) for m in MODALITIES}
        self.first = nn.ModuleDict({s: nn.Linear(a, b) for s, (a, b) in sizes.items()})
        self.second = nn.ModuleDict({s: nn.Linear(b, b) for s, (_, b) in sizes.items()})
        self.last = nn.ModuleDict({s: nn.Linear(b, 1) for s, (_, b) in sizes.items()})
        self.epoch = 1
        self.labels: dict[tuple[str, int], float] = {}
        self.bank: dict[tuple[str, int], list[float]] = {}

    def encoded(self, modality: str, sample: Tensor) -> Tensor:
        """Token ids (L,) of a text, or features (L, F), to (d,)."""
        if modality == "text":
            return self.project(self.bert(sample.unsqueeze(0)).last_hidden_state[0, 0])
        _, (state, _) = self.lstm[modality](sample)
        return self.out[modality](state[0])

    def loss(
        self, inputs: dict[str, Sequence[Tensor]], target: Tensor, index: Sequence[int]
    ) -> tuple[Tensor, Tensor]:
        """Return the total and the unimodal part of a batch; labels, vectors move on after it."""
        vectors: list[dict[str, Tensor]] = []
        task = unimodal = target.new_zeros(())
        for place, sample in enumerate(index):
            parts = {m: self.encoded(m, inputs[m][place]) for m in MODALITIES}
            parts["fused"] = torch.cat([parts[m] for m in MODALITIES])
            f = {s: self.first[s](x).relu() for s, x in parts.items()}
            guess = {s: self.last[s](self.second[s](x).relu())[0] for s, x in f.items()}
            y = target[place]
            task = task + (guess["fused"] - y).abs() / len(index)
            for s in MODALITIES:
                own = self.labels.get((s, sample), y.item())
                share = math.tanh(abs(own - y.item())) / len(index)
                unimodal = unimodal + share * (guess[s] - own).abs()
            vectors.append({s: x.detach() for s, x in f.items()})
        self.move_on(vectors, target.tolist(), index)
        return task + unimodal, unimodal

    def move_on(
        self, vectors: list[dict[str, Tensor]], target: list[float], index: Sequence[int]
    ) -> None:
        """New labels from the centres before this batch, then its vectors."""
        centres = {
            (s, sign): self.centre(s, sign, vectors[0][s])
            for s in (*MODALITIES, "fused")
            for sign in (1, -1)
        }
        for f, y, sample in zip(vectors, target, index, strict=True):
            delta = {}
            for s, x in f.items():
                positive, negative = ((x - centres[s, sign]).norm().item() for sign in (1, -1))
                delta[s] = (negative - positive) / (positive + 1e-8)
            for s in MODALITIES:
                ratio, shift = delta[s] / (delta["fused"] + 1e-8), delta[s] - delta["fused"]
                new = max(-3.0, min(3.0, ratio * y / 2 + (y + shift) / 2))
                old, e = self.labels.get((s, sample), y), self.epoch
                self.labels[s, sample] = (e - 1) / (e + 1) * old + 2 / (e + 1) * new if e > 1 else y
            self.labels["fused", sample] = y
        for f, sample in zip(vectors, index, strict=True):
            self.bank |= {(s, sample): x.tolist() for s, x in f.items()}

    def centre(self, s: str, sign: int, like: Tensor) -> Tensor:
        """Mean of the vectors whose label has the sign; zeros where there is none."""
        rows = [vector for (t, n), vector in self.bank.items() if t == s and self.of(s, n, sign)]
        return like.new_tensor(rows).mean(0) if rows else torch.zeros_like(like)

    def of(self, s: str, sample: int, sign: int) -> bool:
        return sign * self.labels[s, sample] > 0
