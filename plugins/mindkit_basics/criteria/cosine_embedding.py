from __future__ import annotations

from torch import Tensor
from torch.nn.functional import relu

from mindkit.api import Criterion
from mindkit_basics.criteria.statistics import row_cosines


class CosineEmbedding(Criterion):
    """Push the two vectors of each sample apart until their cosine is at most a margin.

    Shapes: a (..., B, D), b (..., B, D) -> (...).

    The mean of max(0, cos - margin), as in DMD and FOCAL; opposite vectors are left alone.

    margin: cosine from which on a pair counts, -1 to 1.
    """

    role = "difference"
    batched = True

    def __init__(self, *, margin: float = 0.0) -> None:
        super().__init__()
        if not -1 <= margin <= 1:
            raise ValueError(f"margin is a cosine from -1 to 1, got {margin}")
        self.margin = margin

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        return relu(row_cosines(a, b) - self.margin).mean(-1)
