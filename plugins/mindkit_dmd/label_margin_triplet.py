from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import relu

from mindkit.api import Criterion


class LabelMarginTriplet(Criterion):
    """Draw vectors of one label nearer together than those of others, by a margin in label units.

    Shapes: x (B, MD), target (B,) -> ().

    DMD's L_mar over the MB vectors of all modalities: for an anchor i, the mean over its positives
    p, of exactly its label, other modalities of its own sample among them, and negatives n, of
    another label, of max(0, scale |y_i - y_n| - cos(i, p) + cos(i, n)); then the mean over anchors
    that have both. Classes are one apart. Memory grows with (MB)³.

    scale: margin for labels one unit apart, as a cosine; DMD's is 0.15.
    """

    role = "consistency"
    no_gradient = ("target",)

    def __init__(self, x_dim: int, x_modalities: tuple[str, ...], *, scale: float = 0.15) -> None:
        super().__init__()
        if scale < 0:
            raise ValueError(f"scale is a margin, 0 or more, got {scale}")
        if x_dim % len(x_modalities):
            raise ValueError(f"x holds vectors of one width, got {x_dim} of {x_modalities}")
        self.count, self.scale = len(x_modalities), scale

    def forward(self, x: Tensor, target: Tensor) -> Tensor:
        vectors = x.unflatten(1, (self.count, -1)).flatten(0, 1)  # (BM, D)
        label = target.repeat_interleave(self.count)
        rows = vectors * (vectors.square().sum(1, keepdim=True) + 1e-16).rsqrt()
        cosines = rows @ rows.T
        alike = label.unsqueeze(1) == label
        gap = (label.unsqueeze(1) - label).abs() if label.is_floating_point() else ~alike
        positive = alike & ~torch.eye(len(label), dtype=torch.bool, device=x.device)
        far = self.scale * gap + cosines  # (i, n)
        hinges = relu(far.unsqueeze(1) - cosines.unsqueeze(2))  # (i, p, n)
        pairs = positive.unsqueeze(2) & ~alike.unsqueeze(1)
        count = pairs.sum((1, 2))
        per_anchor = (hinges * pairs).sum((1, 2)) / count.clamp(min=1)
        return per_anchor.sum() / (count > 0).sum().clamp(min=1)
