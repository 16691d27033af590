from __future__ import annotations

from typing import Literal

from torch import Tensor

from mindkit.api import Linear, Reconstruction
from mindkit_basics.reconstructions.errors import ErrorKind, reconstruction_error


class LinearDecoder(Reconstruction):
    """Rebuild the target from the sum of its parts, or all side by side, by one linear layer.

    Shapes: parts (..., B, PD), target (..., B, D) -> (...).

    MISA's and DSN's decoder: Linear(private + shared).

    combine: the parts are added, or put side by side.
    distance: mean squared error over the width, its sum, or the scale-invariant error of DSN.
    detach_target: whether the target is a constant, so that what made it is not drawn to be easy to
    rebuild; published code does not detach.
    """

    batched = True

    def __init__(
        self,
        parts_dim: int,
        num_parts: int,
        target_dim: int,
        copies: int,
        *,
        combine: Literal["sum", "concat"] = "sum",
        distance: ErrorKind = "mse",
        detach_target: bool = False,
    ) -> None:
        super().__init__()
        self.num_parts, self.combine = num_parts, combine
        self.distance, self.detach_target = distance, detach_target
        d_in = parts_dim // num_parts if combine == "sum" else parts_dim
        self.decoder = Linear(copies, d_in, target_dim)

    def forward(self, parts: Tensor, target: Tensor) -> Tensor:
        if self.combine == "sum":
            parts = parts.unflatten(-1, (self.num_parts, -1)).sum(-2)
        target = target.detach() if self.detach_target else target
        return reconstruction_error(self.decoder(parts), target, self.distance)
