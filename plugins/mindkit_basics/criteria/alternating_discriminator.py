from __future__ import annotations

from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import log_softmax

from mindkit.api import Criterion
from mindkit_basics.criteria.modalities import modality_loss, width_of_each


class AlternatingDiscriminator(Criterion):
    """Fool a network that learns, in steps of its own, to tell which modality a vector is from.

    Shapes: confused (B, MD), identified (B, MD) -> ().

    The two-optimiser form (Goodfellow et al. 2014) of modality_discriminator, which reverses
    gradients instead. Before each main step the network Linear -> LeakyReLU -> dropout -> Linear
    takes `learning.steps` steps on constant vectors; in the main step it stands still, and the
    vectors in `confused` are moved until it answers as `aim` says, those in `identified`, which may
    be left out, until it is right. At best the part of `confused` is log M.

    aim: uniform wants every modality to seem as likely; flipped, every one but the true.
    dropout: probability of zeroing a hidden unit, 0 to 1.
    """

    role = "adversarial"

    def __init__(
        self,
        confused_dim: int,
        num_confused: int,
        *,
        aim: Literal["uniform", "flipped"] = "uniform",
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        width = width_of_each(confused_dim, num_confused)
        self.modalities, self.aim = num_confused, aim
        self.classifier = nn.Sequential(
            nn.Linear(width, width),
            nn.LeakyReLU(),
            nn.Dropout(dropout),
            nn.Linear(width, num_confused),
        )

    def forward(self, confused: Tensor, identified: Tensor | None = None) -> Tensor:
        log_chance = log_softmax(self._scores(confused), -1)  # (B, M, M)
        wanted = -log_chance.sum(-1)
        if self.aim == "flipped":
            wanted = wanted + log_chance.diagonal(dim1=1, dim2=2)
        loss = wanted.mean() / (self.modalities - (self.aim == "flipped"))
        return loss if identified is None else loss + modality_loss(self._scores(identified))

    def learning_loss(self, confused: Tensor, identified: Tensor | None = None) -> Tensor:
        """Return the network's own loss, of all vectors, ()."""
        loss = modality_loss(self._scores(confused))
        return loss if identified is None else loss + modality_loss(self._scores(identified))

    def _scores(self, vectors: Tensor) -> Tensor:
        return self.classifier(vectors.unflatten(1, (self.modalities, -1)))  # (B, M, M)
