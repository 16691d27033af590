from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from mindkit.api import Criterion, by_modality


class UnimodalLabels(Criterion):
    """Predict the label from each modality alone, towards labels made for that modality on the way.

    Shapes: features (B, MD), fused (B, H), target (B,) -> ().

    Self-MM: the sum over modalities s of mean(tanh |y_s - y| · |ŷ_s - y_s|), ŷ_s from dropout ->
    f_s = ReLU(Linear) -> ReLU(Linear) -> Linear. Kept for every training sample: y_s, at first the
    label y, and the vectors f_s and f (`fused`). With the centres of the samples with positive and
    negative labels, d_p and d_n the distances to them and delta = (d_n - d_p) / (d_p + 1e-8),

        new = y delta_s / (2 delta + 2e-8) + (y + delta_s - delta) / 2,  within ± limit
        y_s <- (e - 1) / (e + 1) y_s + 2 / (e + 1) new   in epoch e = 2, 3, …

    after each batch, then its vectors are stored, then the centres made anew. The authors start
    with zero vectors for all samples, which draws the centres of the first epoch to 0; here a
    sample has no part in them before it has been seen.

    hidden: width of f_s, one number, or a map from modality.
    dropout: probability of zeroing an entry of the features, 0 to 1, or a map from modality.
    limit: greatest absolute label.
    distance: the Euclidean norm, as in the code, or its square divided by the root of the width, as
    in the paper.
    """

    epoch: Tensor
    seen: Tensor
    label: Tensor
    labels: Tensor
    bank: Tensor
    fused_bank: Tensor

    role = "task"
    tasks = ("regression",)
    no_gradient = ("features", "fused", "target")  # in the first epoch every y_s is y, the loss 0

    def __init__(
        self,
        features_dim: int,
        features_modalities: tuple[str, ...],
        fused_dim: int,
        num_samples: int,
        task: str,
        *,
        hidden: int | dict[str, int] = 32,
        dropout: float | dict[str, float] = 0.1,
        limit: float = 3.0,
        distance: Literal["norm", "squared"] = "norm",
    ) -> None:
        super().__init__()
        if task != "regression":
            raise ValueError(
                f"labels are generated between numbers only, and the task is {task}; leave the "
                "term out with --drop"
            )
        self.limit, self.distance = limit, distance
        self.widths = by_modality("hidden", hidden, features_modalities)
        dropouts = by_modality("dropout", dropout, features_modalities)
        count = len(features_modalities)
        self.heads = nn.ModuleList(
            _Head(features_dim // count, width, probability)
            for width, probability in zip(self.widths, dropouts, strict=True)
        )
        self.register_buffer("epoch", torch.ones(()))  # counted from 1
        self.register_buffer("seen", torch.zeros(num_samples, dtype=torch.bool))
        self.register_buffer("label", torch.zeros(num_samples))  # the multimodal one
        self.register_buffer("labels", torch.zeros(count, num_samples))
        self.register_buffer("bank", torch.zeros(count, num_samples, max(self.widths)))
        self.register_buffer("fused_bank", torch.zeros(1, num_samples, fused_dim))

    def forward(self, features: Tensor, fused: Tensor, target: Tensor, *, index: Tensor) -> Tensor:
        parts = features.chunk(len(self.heads), 1)
        made = [head(part) for head, part in zip(self.heads, parts, strict=True)]
        widest = max(self.widths)  # zeros behind a narrower vector are no distance
        vectors = torch.stack([pad(f, (0, widest - f.shape[1])) for f, _ in made])  # (M, B, E)
        guess = torch.stack([one for _, one in made])  # (M, B)
        labels = torch.where(self.seen[index], self.labels[:, index].to(target), target)
        loss = (torch.tanh((labels - target).abs()) * (guess - labels).abs()).mean(1).sum()
        if self.training:
            self._update(vectors.detach(), fused.detach(), labels, target, index)
        return loss

    @torch.no_grad()
    def _update(
        self, vectors: Tensor, fused: Tensor, labels: Tensor, target: Tensor, index: Tensor
    ) -> None:
        nearness = self._nearness(vectors, self.bank, self.labels, self.widths)  # (M, B)
        whole = self._nearness(
            fused.unsqueeze(0), self.fused_bank, self.label.unsqueeze(0), [fused.shape[1]]
        )
        made = generated(target, nearness, whole).clamp(-self.limit, self.limit)
        old = (self.epoch - 1) / (self.epoch + 1)
        moved = old * labels + (1 - old) * made
        self.labels[:, index] = torch.where(self.epoch > 1, moved, labels).to(self.labels)
        self.label[index] = target.to(self.label)
        self.bank[:, index] = vectors.to(self.bank)
        self.fused_bank[:, index] = fused.to(self.fused_bank)
        self.seen[index] = True

    def _nearness(
        self, vectors: Tensor, bank: Tensor, labels: Tensor, widths: Sequence[int]
    ) -> Tensor:
        """delta of each vector (S, B, E), by the centres of the bank (S, N, E): (S, B)."""
        distances = []
        for side in (labels > 0, labels < 0):
            member = (side & self.seen).to(bank).unsqueeze(1)  # (S, 1, N)
            centre = member @ bank / member.sum(2, keepdim=True).clamp(min=1)
            squared = (vectors.to(bank) - centre).square().sum(2)
            if self.distance == "squared":
                distances.append(squared / squared.new_tensor(widths).sqrt().unsqueeze(1))
            else:
                distances.append(squared.sqrt())
        positive, negative = distances
        return (negative - positive) / (positive + 1e-8)

    def on_epoch_end(self, epoch: int) -> None:
        self.epoch.fill_(epoch + 2)


def generated(target: Tensor, own: Tensor, whole: Tensor) -> Tensor:
    """Return the new label of a modality from its delta and that of the fused vector."""
    return target * own / (2 * (whole + 1e-8)) + (target + own - whole) / 2


class _Head(nn.Module):
    """One modality's vector f_s, and its prediction. Shapes: x (B, D) -> (B, E), (B,)."""

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, hidden), nn.ReLU())
        self.predict = nn.Sequential(
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 1), nn.Flatten(0)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        vectors = self.features(x)
        return vectors, self.predict(vectors)
