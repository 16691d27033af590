from __future__ import annotations

from torch import Tensor
from torch.nn.functional import log_softmax, normalize

from mindkit.api import Criterion, Linear


class Cpc(Criterion):
    """Predict each vector of a modality from what was fused, against the batch's other predictions.

    Shapes: fused (..., B, H), y (..., B, D) -> (...).

    Contrastive predictive coding in MMIM's form: ŷ = Linear(fused), both of length 1, cross-entropy
    of the scores y_i · ŷ_j towards j = i, without a temperature, so that it stays near log B.
    """

    role = "consistency"
    batched = True
    min_batch = 2

    def __init__(self, fused_dim: int, y_dim: int, copies: int) -> None:
        super().__init__()
        self.predict = Linear(copies, fused_dim, y_dim)

    def forward(self, fused: Tensor, y: Tensor) -> Tensor:
        scores = normalize(y, dim=-1) @ normalize(self.predict(fused), dim=-1).mT  # (..., B, B)
        return -log_softmax(scores, -1).diagonal(dim1=-2, dim2=-1).mean(-1)
