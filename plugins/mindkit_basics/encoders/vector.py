from __future__ import annotations

from torch import Tensor, nn

from mindkit.api import Encoder
from mindkit_basics.encoders.projection import projection


class Vector(Encoder):
    """Project features that are already one vector a sample to the common width.

    Shapes: x (B, F) -> (B, D).

    Linear -> ReLU -> LayerNorm -> dropout: the projection that MInD's code puts behind BERT (the
    paper gives none), so that stored sentence vectors and a frozen text model are treated alike.

    dropout: probability of zeroing a feature, 0 to 1; more regularises harder.
    hidden: width of a ReLU layer before the projection; none unless given.
    """

    accepts = ("vector",)

    def __init__(
        self, x_dim: int, width: int, *, dropout: float = 0.0, hidden: int | None = None
    ) -> None:
        super().__init__()
        before: list[nn.Module] = []
        if hidden is not None:
            before = [nn.Linear(x_dim, hidden), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(
            *before, projection(hidden or x_dim, width), nn.Dropout(dropout)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)
