"""MMIM written out from its description, in plain torch modules, sample by sample and pair by pair.

Nothing is stacked, banked or padded. d is the common width in which every encoder ends here. The
log-likelihood has its log-variance, bounded, and covariances have a ridge, as the recommended form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence

MODALITIES = ("text", "audio", "vision")
OTHERS = ("vision", "audio")  # what text is to tell


def network(d_in: int, d_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(d_in, d_out), nn.ReLU(), nn.Linear(d_out, d_out))


class NaiveMmim(nn.Module):
    """bert: a transformer whose output has `last_hidden_state`. widths: of audio and vision.

    lstm: width of each direction. fused: width of Z.
    """

    def __init__(
        self,
        bert: nn.Module,
        bert_width: int,
        widths: dict[str, int],
        lstm: int,
        d: int,
        fused: int,
    ) -> None:
        super().__init__()
        self.bert = bert
        self.project = nn.Sequential(nn.Linear(bert_width, d), nn.ReLU(), nn.LayerNorm(d))
        self.lstm = nn.ModuleDict(
            {m: nn.LSTM(w, lstm, bidirectional=True) for m, w in widths.items()}
        )
        self.out = nn.ModuleDict({m: nn.Linear(2 * lstm, d) for m in widths})
        self.fuse = nn.ModuleList([nn.Linear(3 * d, fused), nn.Linear(fused, fused)])
        self.predict = nn.Linear(fused, 1)
        self.cpc = nn.ModuleDict({m: nn.Linear(fused, d) for m in MODALITIES})
        self.mean = nn.ModuleDict({m: network(d, d) for m in OTHERS})
        self.log_variance = nn.ModuleDict({m: network(d, d) for m in OTHERS})
        self.narrow = nn.ModuleDict({m: nn.Linear(d, d // 4) for m in OTHERS})
        self.narrow.requires_grad_(False)
        self.memory: dict[str, tuple[Tensor, Tensor]] = {}  # of the batch before

    def of_stage_0(self) -> list[nn.Parameter]:
        """The parameters that learn before each epoch."""
        return [*self.mean.parameters(), *self.log_variance.parameters()]

    def of_stage_1(self) -> list[nn.Parameter]:
        """The parameters of the main step."""
        first = {id(p) for p in self.of_stage_0()}
        return [p for p in self.parameters() if p.requires_grad and id(p) not in first]

    def encoded(self, inputs: dict[str, Sequence[Tensor]]) -> dict[str, Tensor]:
        """Every modality as (B, d)."""
        cls = [self.bert(ids.unsqueeze(0)).last_hidden_state[0, 0] for ids in inputs["text"]]
        found = {"text": self.project(torch.stack(cls))}
        for m in ("audio", "vision"):
            _, (state, _) = self.lstm[m](pack_sequence(list(inputs[m]), enforce_sorted=False))
            found[m] = self.out[m](torch.cat([state[0], state[1]], 1))
        return found

    def likelihood(self, encoded: dict[str, Tensor]) -> Tensor:
        """Sum over vision and audio of the mean log density of it, told text."""
        total = encoded["text"].new_zeros(())
        for m in OTHERS:
            for x, y in zip(encoded["text"], encoded[m], strict=True):
                mean, spread = self.mean[m](x), self.log_variance[m](x)
                for k in range(len(y)):
                    v = spread[k].clamp(-5, 5)
                    density = -((mean[k] - y[k]) ** 2) / (2 * torch.exp(v)) - v / 2
                    total = total + (density - math.log(2 * math.pi) / 2) / len(encoded["text"])
        return total

    def entropy(self, m: str, y: Tensor, target: Tensor) -> Tensor:
        """A quarter of the log determinants of both classes' covariances; 0 without a memory."""
        rows = torch.tanh(self.narrow[m](y))
        before = self.memory.get(m)
        self.memory[m] = (rows.detach(), target)
        if before is None:
            return y.new_zeros(())
        rows, label = torch.cat([before[0], rows]), torch.cat([before[1], target])
        total = y.new_zeros(())
        for sign in (1, -1):
            own = rows[sign * label > 0]
            if len(own) > 1:
                gaps = own - own.mean(0)
                covariance = sum(torch.outer(gap, gap) for gap in gaps) / len(own)
                ridge = 1e-4 * torch.eye(len(covariance)).to(covariance)
                total = total + torch.logdet(covariance + ridge) / 4
        return total

    def contrast(self, z: Tensor, y: Tensor, predict: nn.Linear) -> Tensor:
        """Cross-entropy of each vector over the batch's predictions, without a temperature."""
        unit = [one / one.norm() for one in y]
        made = [one / one.norm() for one in predict(z)]
        scores = torch.stack([torch.stack([a @ b for b in made]) for a in unit])
        return nn.functional.cross_entropy(scores, torch.arange(len(y)))

    def losses(self, inputs: dict[str, Sequence[Tensor]], target: Tensor) -> dict[str, Tensor]:
        """Return |ŷ - y|, the contrast, the likelihood and the entropies of a batch."""
        encoded = self.encoded(inputs)
        z = torch.cat([encoded[m] for m in MODALITIES], 1)
        for linear in self.fuse:
            z = torch.tanh(linear(z))
        return {
            "task": (self.predict(z)[:, 0] - target).abs().mean(),
            "nce": sum(self.contrast(z, encoded[m], self.cpc[m]) for m in MODALITIES),
            "lld": self.likelihood(encoded),
            "entropy": sum(self.entropy(m, encoded[m], target) for m in OTHERS),
        }
