import torch.nn.functional as F

from mindkit.api import Criterion, hookimpl


class Cosine(Criterion):
    """Mean cosine distance. Shapes: a (B, D), b (B, D) -> ()."""

    role = "consistency"

    def forward(self, a, b):
        return 1 - F.cosine_similarity(a, b).mean()


@hookimpl
def mindkit_register(registries):
    registries.criteria.add("cosine", Cosine)
