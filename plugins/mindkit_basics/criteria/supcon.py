from __future__ import annotations

import torch
from torch import Tensor

from mindkit.api import Criterion
from mindkit_basics.criteria.labels import Alike, refuse_alike, same_label
from mindkit_basics.criteria.statistics import l2_rows


class Supcon(Criterion):
    """Pull samples of one label together against all others (Khosla et al. 2020, SupCon-out).

    Shapes: x (B, D), target (B,) -> ().

    Mean over anchors with a positive of minus the mean over positives of log softmax of
    cos / temperature over all other samples. A batch without positives gives 0.

    temperature: what cosines are divided by; smaller weighs near negatives more.
    alike: which regression labels count as one: those at most so far apart, in units of the label;
    those that are equal when rounded; or those of one sign. Classes are alike where equal.
    """

    role = "consistency"
    min_batch = 2
    no_gradient = ("target",)

    def __init__(self, *, temperature: float = 0.1, alike: Alike = 0.5) -> None:
        super().__init__()
        if temperature <= 0:
            raise ValueError(f"temperature is positive, got {temperature}")
        refuse_alike(alike)
        self.temperature, self.alike = temperature, alike

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        rows = l2_rows(x)
        scores = rows @ rows.mT / self.temperature
        own = torch.eye(len(x), dtype=torch.bool, device=x.device)
        log_share = scores - scores.masked_fill(own, -torch.inf).logsumexp(1, keepdim=True)
        positive = same_label(target, self.alike) & ~own
        count = positive.sum(1)
        per_anchor = -(log_share * positive).sum(1) / count.clamp(min=1)
        return per_anchor.sum() / (count > 0).sum().clamp(min=1)
