from __future__ import annotations

from torch import Tensor, nn

from mindkit.api import MLP, Reconstruction
from mindkit_basics.reconstructions.errors import ErrorKind, reconstruction_error


class MlpDecoder(Reconstruction):
    """Rebuild the target from all parts of it by a network of one hidden layer.

    Shapes: parts (..., B, E), target (..., B, D) -> (...).

    MInD eq. 12, 13: mean squared error over batch and width of Linear -> GELU -> Linear, as in the
    authors' code, which has one decoder per modality; the paper's D_R bears no index.

    hidden: width of the hidden layer.
    distance: mean squared error over the width, its sum, or the scale-invariant error of DSN.
    detach_target: whether the target is a constant, so that what made it is not drawn to be easy to
    rebuild; published code does not detach.
    """

    batched = True

    def __init__(
        self,
        parts_dim: int,
        target_dim: int,
        copies: int,
        *,
        hidden: int = 256,
        distance: ErrorKind = "mse",
        detach_target: bool = False,
    ) -> None:
        super().__init__()
        self.decoder = MLP(copies, [parts_dim, hidden, target_dim], nn.GELU)
        self.distance, self.detach_target = distance, detach_target

    def forward(self, parts: Tensor, target: Tensor) -> Tensor:
        target = target.detach() if self.detach_target else target
        return reconstruction_error(self.decoder(parts), target, self.distance)
