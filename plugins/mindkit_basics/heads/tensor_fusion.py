from __future__ import annotations

from functools import reduce
from math import prod

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from mindkit.api import FusionHead
from mindkit_basics.heads.narrowing import Dropouts, Rectify, Widths, narrowing


class TensorFusion(FusionHead):
    """Predict from the outer product of all parts, each with a 1 appended (TFN, Zadeh et al. 2017).

    Shapes: parts (P, B, D) -> (B, C).

    The product holds every interaction of one, two, … parts: of P parts of width w it has (w + 1)^P
    entries. Each part first passes dropout -> (Linear -> ReLU) `layers` times to its own width;
    then dropout -> Linear -> ReLU -> Linear -> ReLU -> Linear.

    widths: width of each part in the product, one number, or a map from modality.
    layers: number of layers of the network of each part.
    rectify: whether a ReLU ends that network, one for all, or a map from modality; TFN's text has
    none.
    hidden: width of the layers behind the product.
    part_dropout: probability of zeroing an entry of a part, 0 to 1, or a map from modality.
    dropout: probability of zeroing an entry of the product, 0 to 1.
    output_range: predicted numbers are a sigmoid scaled to (low, high), (-3, 3) in TFN's code;
    scores of classes have none.
    """

    def __init__(
        self,
        parts_dim: int,
        parts_modalities: tuple[str, ...],
        num_outputs: int,
        task: str,
        *,
        widths: Widths = 32,
        layers: int = 1,
        rectify: Rectify = True,
        hidden: int = 64,
        part_dropout: Dropouts = 0.3,
        dropout: float = 0.5,
        output_range: tuple[float, float] | None = None,
    ) -> None:
        super().__init__()
        self.output_range = output_range if task == "regression" else None
        each, self.networks = narrowing(
            parts_dim, parts_modalities, widths, layers, part_dropout, rectify
        )
        self.predict = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(prod(width + 1 for width in each), hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, num_outputs),
        )

    def forward(self, parts: Tensor) -> Tensor:
        narrow = [network(part) for network, part in zip(self.networks, parts, strict=True)]
        scores = self.predict(outer_product(narrow))
        if self.output_range is None:
            return scores
        low, high = self.output_range
        return scores.sigmoid() * (high - low) + low


def outer_product(parts: list[Tensor]) -> Tensor:
    """Return [1; h_1] ⊗ … ⊗ [1; h_P], flat. Shapes: parts [(B, D)] -> (B, product of D + 1)."""
    with_one = [pad(part, (1, 0), value=1.0) for part in parts]
    return reduce(lambda a, b: torch.einsum("bi,bj->bij", a, b).flatten(1), with_one)
