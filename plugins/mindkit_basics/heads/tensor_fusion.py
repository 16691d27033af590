from __future__ import annotations

from functools import reduce
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from mindkit.api import FusionHead


class TensorFusion(FusionHead):
    """Predict from the outer product of all parts, each with a 1 appended (TFN, Zadeh et al. 2017).

    Shapes: parts (P, B, D) -> (B, C).

    The product holds every interaction of one, two, … parts: of P parts of width w it has (w + 1)^P
    entries. Each part first passes a network Linear -> ReLU, `layers` times, to its own width; then
    dropout -> Linear -> ReLU -> Linear -> ReLU -> Linear.

    widths: width of each part in the product, one number for all or one for each.
    layers: number of layers of the network of each part.
    hidden: width of the layers behind the product.
    part_dropout: probability of zeroing an entry of a part, 0 to 1.
    dropout: probability of zeroing an entry of the product, 0 to 1.
    output_range: regression ends in a sigmoid scaled to (low, high), as in TFN's code with (-3, 3).
    """

    def __init__(
        self,
        parts_dim: int,
        num_parts: int,
        num_outputs: int,
        *,
        widths: int | tuple[int, ...] = 32,
        layers: int = 1,
        hidden: int = 64,
        part_dropout: float = 0.3,
        dropout: float = 0.5,
        output_range: tuple[float, float] | None = None,
    ) -> None:
        super().__init__()
        each = widths if isinstance(widths, tuple) else (widths,) * num_parts
        if len(each) != num_parts:
            raise ValueError(f"widths are {len(each)}, but there are {num_parts} parts")
        self.output_range = output_range
        self.networks = nn.ModuleList(
            _network(parts_dim, width, layers, part_dropout) for width in each
        )
        size = 1
        for width in each:
            size *= width + 1
        self.predict = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(size, hidden),
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


def _network(d_in: int, width: int, layers: int, dropout: float) -> nn.Sequential:
    steps: list[nn.Module] = [nn.Dropout(dropout)]
    for a, b in pairwise([d_in, *[width] * layers]):
        steps += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*steps)
