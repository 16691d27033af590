"""Angle between two representations."""

import torch.nn.functional as F

from mindkit.api import Criterion


class Angle(Criterion):
    """Mean angle in radians. Shapes: a (B, D), b (B, D) -> ()."""

    def forward(self, a, b):
        return F.cosine_similarity(a, b).clamp(-0.999, 0.999).acos().mean()
