from math import log

from torch import nn

from mindkit.api import MIEstimator, hookimpl


class BilinearInfonce(MIEstimator):
    """InfoNCE with a bilinear critic, in nats. Shapes: x (B, D), z (B, E) -> ().

    temperature: divides the scores; smaller is sharper.
    """

    bound = "lower"

    def __init__(self, x_dim: int, z_dim: int, *, temperature: float = 1.0):
        super().__init__()
        self.project = nn.Linear(x_dim, z_dim, bias=False)
        self.temperature = temperature

    def forward(self, x, z):
        scores = self.project(x) @ z.T / self.temperature
        return (scores.diag() - scores.logsumexp(1)).mean() + log(len(x))


@hookimpl
def mindkit_register(registries):
    registries.mi_estimators.add("bilinear_infonce", BilinearInfonce)
