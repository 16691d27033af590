"""A bounded estimate of dependence."""

from torch import nn

from mindkit.api import MIEstimator


class Agreement(MIEstimator):
    """Cosine of projections, true pairs against shifted ones. Shapes: x (B, D), z (B, E) -> ()."""

    ordered = True  # shifted pairs are others in another order

    def __init__(self, x_dim: int, z_dim: int):
        super().__init__()
        self.project = nn.Linear(x_dim, z_dim)

    def forward(self, x, z):
        projected = self.project(x)
        true = nn.functional.cosine_similarity(projected, z)
        shifted = nn.functional.cosine_similarity(projected, z.roll(-1, 0))
        return (true - shifted).mean()
