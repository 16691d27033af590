"""MISA written out from its description, sample by sample and pair by pair, in plain torch modules.

Nothing here is stacked, banked, padded or shared with the components. Modalities are text, vision
and audio, in the authors' order; d is the common width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence

MODALITIES = ("text", "vision", "audio")


@dataclass(frozen=True)
class Weights:
    """Of L = L_task + diff L_diff + sim L_sim + recon L_recon, and of the gradient reversal."""

    diff: float = 0.3
    sim: float = 1.0
    recon: float = 1.0
    reversal: float = 1.0


class NaiveMisa(nn.Module):
    """bert: a transformer whose output has `last_hidden_state`. widths: of vision and audio."""

    def __init__(
        self, bert: nn.Module, bert_width: int, widths: dict[str, int], d: int, feed: int, out: int
    ) -> None:
        super().__init__()
        self.bert = bert
        self.first = nn.ModuleDict(
            {m: nn.LSTM(w, w, bidirectional=True) for m, w in widths.items()}
        )
        self.norm = nn.ModuleDict({m: nn.LayerNorm(2 * w) for m, w in widths.items()})
        self.second = nn.ModuleDict(
            {m: nn.LSTM(2 * w, w, bidirectional=True) for m, w in widths.items()}
        )
        sizes = {"text": bert_width} | {m: 4 * w for m, w in widths.items()}
        self.project = nn.ModuleDict(
            {m: nn.Sequential(nn.Linear(sizes[m], d), nn.ReLU(), nn.LayerNorm(d)) for m in sizes}
        )
        self.private = nn.ModuleDict({m: nn.Linear(d, d) for m in MODALITIES})
        self.shared = nn.Linear(d, d)
        self.rebuild = nn.ModuleDict({m: nn.Linear(d, d) for m in MODALITIES})
        self.discriminator = nn.Sequential(
            nn.Linear(d, d), nn.ReLU(), nn.Dropout(0.5), nn.Linear(d, 3)
        )
        self.attend = nn.TransformerEncoderLayer(d, 2, feed, 0.1)
        self.head = nn.Sequential(
            nn.Linear(6 * d, 3 * d), nn.Dropout(0.5), nn.ReLU(), nn.Linear(3 * d, out)
        )

    def utterance(self, modality: str, samples: Sequence[Tensor]) -> Tensor:
        """u_m of every sample: token ids (L,) of texts, or features (L, F)."""
        if modality == "text":
            states = [self.bert(one.unsqueeze(0)).last_hidden_state[0] for one in samples]
            return torch.stack([one.sum(0) / len(one) for one in states])
        steps, (h1, _) = self.first[modality](pack_sequence(samples, enforce_sorted=False))
        outputs, lengths = pad_packed_sequence(steps)
        normed = [self.norm[modality](outputs[:n, i]) for i, n in enumerate(lengths)]
        _, (h2, _) = self.second[modality](pack_sequence(normed, enforce_sorted=False))
        return torch.cat([h1[0], h2[0], h1[1], h2[1]], 1)  # layers inside each direction

    def forward(self, inputs: dict[str, Sequence[Tensor]]) -> dict[str, dict[str, Tensor] | Tensor]:
        """Return z, p, s and the reconstruction by modality, and the prediction (B, out)."""
        z = {m: self.project[m](self.utterance(m, inputs[m])) for m in MODALITIES}
        p = {m: torch.sigmoid(self.private[m](z[m])) for m in MODALITIES}
        s = {m: torch.sigmoid(self.shared(z[m])) for m in MODALITIES}
        rebuilt = {m: self.rebuild[m](p[m] + s[m]) for m in MODALITIES}
        tokens = torch.stack([*p.values(), *s.values()])  # (6, B, d)
        mixed = self.attend(tokens)
        prediction = self.head(torch.cat([mixed[k] for k in range(6)], 1))
        return {"z": z, "p": p, "s": s, "rebuilt": rebuilt, "prediction": prediction}

    def losses(
        self, inputs: dict[str, Sequence[Tensor]], target: Tensor, weights: Weights, cmd_form: bool
    ) -> dict[str, Tensor]:
        """Return the total and each unweighted term; classes where the target is of integers."""
        found = self(inputs)
        z, p, s, rebuilt = (found[name] for name in ("z", "p", "s", "rebuilt"))
        if target.is_floating_point():
            task = ((found["prediction"][:, 0] - target) ** 2).mean()
        else:
            task = nn.functional.cross_entropy(found["prediction"], target)
        pairs = [(p[m], s[m]) for m in MODALITIES]
        pairs += [(p["audio"], p["text"]), (p["audio"], p["vision"]), (p["text"], p["vision"])]
        diff = sum(difference(x, y) for x, y in pairs)
        if cmd_form:
            sim = cmd(s["text"], s["vision"]) + cmd(s["text"], s["audio"])
            sim = (sim + cmd(s["audio"], s["vision"])) / 3
        else:
            sim = self.adversarial(s, weights.reversal)
        recon = sum(((rebuilt[m] - z[m]) ** 2).mean() for m in MODALITIES) / 3
        total = task + weights.diff * diff + weights.sim * sim + weights.recon * recon
        return {"total": total, "task": task, "sim": sim, "diff": diff, "recon": recon}

    def adversarial(self, s: dict[str, Tensor], strength: float) -> Tensor:
        """One cross-entropy over the 3 B vectors, labels text 0, vision 1, audio 2."""
        rows, labels = [], []
        for label, m in enumerate(MODALITIES):
            reversed_ = (1 + strength) * s[m].detach() - strength * s[m]
            rows.append(self.discriminator(reversed_))
            labels += [label] * len(s[m])
        return nn.functional.cross_entropy(torch.cat(rows), torch.tensor(labels))


def difference(x: Tensor, y: Tensor) -> Tensor:
    """Mean of the squared entries of X̂ᵀ Ŷ, of centred rows divided by their constant norms."""
    x, y = x - x.mean(0), y - y.mean(0)
    x = torch.stack([row / (row.norm().detach() + 1e-6) for row in x])
    y = torch.stack([row / (row.norm().detach() + 1e-6) for row in y])
    total = x.new_zeros(())
    for i in range(x.shape[1]):
        for j in range(y.shape[1]):
            total = total + (x[:, i] * y[:, j]).sum() ** 2
    return total / (x.shape[1] * y.shape[1])


def cmd(x: Tensor, y: Tensor, moments: int = 5) -> Tensor:
    """‖E x − E y‖ + Σ_k ‖E (x − E x)^k − E (y − E y)^k‖, without anything under the roots."""
    n = len(x)
    mean_x, mean_y = x.sum(0) / n, y.sum(0) / n
    total = ((mean_x - mean_y) ** 2).sum() ** 0.5
    for k in range(2, moments + 1):
        gap = ((x - mean_x) ** k).sum(0) / n - ((y - mean_y) ** k).sum(0) / n
        total = total + (gap**2).sum() ** 0.5
    return total
