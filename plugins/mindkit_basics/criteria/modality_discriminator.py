from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from mindkit.api import Criterion, ReversalSchedule, reversal_strength, reverse_gradient
from mindkit_basics.criteria.modalities import modality_loss, width_of_each


class ModalityDiscriminator(Criterion):
    """Learn to tell which modality a vector is from, while some vectors learn to prevent it.

    Shapes: confused (B, MD), identified (B, MD) -> ().

    Each argument holds one vector of all M modalities side by side (`confused: invariant.*`).
    Cross-entropy of Linear -> activation -> dropout -> Linear over the M B vectors of an argument.
    The gradient of `confused` is reversed (DANN; MISA's adversarial similarity); that of
    `identified`, which may be left out, is not, so that those vectors become recognisable (FDMER,
    reconstructed). Where confusion has won, its part is log M.

    activation: of the hidden layer; MISA's is relu.
    dropout: probability of zeroing a hidden unit, 0 to 1.
    schedule: how the reversal grows over the planned training; MISA's is constant.
    strength: factor of the reversed gradient at the end of the schedule; it moves the vectors only,
    where a term's weight moves both sides. MISA's is 1, in MIntRec's code 0.8.
    horizon: fraction of the planned training in which the schedule runs; less is faster.
    delay: fraction of the horizon without reversal, for delayed_dann.
    """

    role = "adversarial"

    def __init__(
        self,
        confused_dim: int,
        num_confused: int,
        *,
        activation: Literal["relu", "leaky_relu", "gelu"] = "relu",
        dropout: float = 0.5,
        schedule: ReversalSchedule = "constant",
        strength: float = 1.0,
        horizon: float = 1.0,
        delay: float = 0.0,
    ) -> None:
        super().__init__()
        self.reversal = schedule, strength, horizon, delay
        reversal_strength(0.0, *self.reversal)  # refuses what makes no schedule
        width = width_of_each(confused_dim, num_confused)
        self.modalities = num_confused
        activations = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "gelu": nn.GELU}
        self.classifier = nn.Sequential(
            nn.Linear(width, width),
            activations[activation](),
            nn.Dropout(dropout),
            nn.Linear(width, num_confused),
        )

    def forward(
        self, confused: Tensor, identified: Tensor | None = None, *, progress: float
    ) -> Tensor:
        strength = reversal_strength(progress, *self.reversal)
        loss = self._loss(reverse_gradient(confused, strength))
        return loss if identified is None else loss + self._loss(identified)

    def _loss(self, vectors: Tensor) -> Tensor:
        return modality_loss(self.classifier(vectors.unflatten(1, (self.modalities, -1))))
