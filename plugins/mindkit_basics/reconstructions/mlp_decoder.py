"""Decoding a modality's vector from its parts."""

from __future__ import annotations

from torch import Tensor, nn

from mindkit.api import MLP, Reconstruction


class MlpDecoder(Reconstruction):
    """Mean squared error between target and a two-layer GELU decoding of the concatenated parts.

    Shapes: parts (..., B, P), target (..., B, D) -> (...). MInD eq. 12, 13: parts are
    S + P + N side by side, the error is averaged over batch and width.

    hidden: width of the decoder's hidden layer.
    detach_target: stop the gradient into the target. Without it (MInD) the encoder is also pulled
        towards what is easy to reconstruct.
    """

    batched = True

    def __init__(
        self,
        parts_dim: int,
        target_dim: int,
        copies: int,
        *,
        hidden: int = 256,
        detach_target: bool = False,
    ) -> None:
        super().__init__()
        self.decoder = MLP(copies, [parts_dim, hidden, target_dim], nn.GELU)
        self.detach_target = detach_target

    def forward(self, parts: Tensor, target: Tensor) -> Tensor:
        wanted = target.detach() if self.detach_target else target
        return (self.decoder(parts) - wanted).square().mean((-1, -2))
