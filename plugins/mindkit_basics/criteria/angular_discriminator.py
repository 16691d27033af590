from __future__ import annotations

import torch
from torch import Tensor, nn

from mindkit.api import Criterion, ReversalSchedule, reversal_strength, reverse_gradient
from mindkit_basics.criteria.modalities import modality_loss, width_of_each
from mindkit_basics.criteria.statistics import l2_rows


class AngularDiscriminator(Criterion):
    """Learn to tell modalities apart by angles with a margin, while vectors learn to prevent it.

    Shapes: confused (B, MD), identified (B, MD) -> ().

    SATI's adversary: f = dropout(ReLU(Linear(x))), a direction w for each modality, and the
    cross-entropy of scale (cos(f, w) - margin for the true modality), plus penalty |W|². Otherwise
    as modality_discriminator: the gradient of `confused` is reversed, that of `identified`, which
    may be left out, is not.

    margin: taken off the cosine with the true direction, 0 to 2; more asks for a wider gap.
    scale: of the cosines before the softmax.
    penalty: weight of |W|², the squared length of all directions.
    dropout: probability of zeroing an entry of f, 0 to 1.
    schedule: how the reversal grows over the planned training.
    strength: factor of the reversed gradient at the end of the schedule; it moves the vectors only,
    where a term's weight moves both sides.
    horizon: fraction of the planned training in which the schedule runs; less is faster.
    delay: fraction of the horizon without reversal, for delayed_dann.
    """

    role = "adversarial"

    def __init__(
        self,
        confused_dim: int,
        num_confused: int,
        *,
        margin: float = 0.5,
        scale: float = 30.0,
        penalty: float = 0.01,
        dropout: float = 0.5,
        schedule: ReversalSchedule = "constant",
        strength: float = 1.0,
        horizon: float = 1.0,
        delay: float = 0.0,
    ) -> None:
        super().__init__()
        if not 0 <= margin <= 2 or scale <= 0:
            raise ValueError(f"margin is 0 to 2 and scale above 0, got {margin} and {scale}")
        self.reversal = schedule, strength, horizon, delay
        reversal_strength(0.0, *self.reversal)  # refuses what makes no schedule
        width = width_of_each(confused_dim, num_confused)
        self.modalities = num_confused
        self.margin, self.scale, self.penalty = margin, scale, penalty
        self.features = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout))
        self.directions = nn.Linear(width, num_confused, bias=False)

    def forward(
        self, confused: Tensor, identified: Tensor | None = None, *, progress: float
    ) -> Tensor:
        strength = reversal_strength(progress, *self.reversal)
        loss = self._loss(reverse_gradient(confused, strength))
        if identified is not None:
            loss = loss + self._loss(identified)
        return loss + self.penalty * self.directions.weight.square().sum()

    def _loss(self, vectors: Tensor) -> Tensor:
        features = self.features(vectors.unflatten(1, (self.modalities, -1)))  # (B, M, D)
        cosines = l2_rows(features) @ l2_rows(self.directions.weight).mT  # (B, M, M)
        margin = self.margin * torch.eye(self.modalities).to(cosines)
        return modality_loss(self.scale * (cosines - margin))
