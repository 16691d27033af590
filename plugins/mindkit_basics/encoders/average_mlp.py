from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import batch_norm

from mindkit.api import Encoder
from mindkit_basics.encoders.readouts import masked_mean


class AverageMlp(Encoder):
    """Average a sequence over time, and map the mean by linear layers with ReLU.

    Shapes: x (B, L, F), mask (B, L) -> (B, D).

    The networks of TFN and LMF for audio and vision: the mean over real steps (theirs is over
    padding too) -> BatchNorm -> dropout -> Linear -> ReLU, `layers` times, the last of which is the
    common width wide. A batch of one sample has no statistics; it takes the running ones.

    layers: number of linear layers.
    hidden: width of those before the last; the common width unless given.
    normalize: whether BatchNorm stands before them.
    dropout: probability of zeroing a feature of the mean, 0 to 1.
    """

    accepts = ("sequence",)

    def __init__(
        self,
        x_dim: int,
        width: int,
        *,
        layers: int = 3,
        hidden: int | None = None,
        normalize: bool = True,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        if layers < 1:
            raise ValueError(f"layers must be at least 1, got {layers}")
        self.norm = nn.BatchNorm1d(x_dim) if normalize else None
        steps: list[nn.Module] = [nn.Dropout(dropout)]
        for a, b in pairwise([x_dim, *[hidden or width] * (layers - 1), width]):
            steps += [nn.Linear(a, b), nn.ReLU()]
        self.network = nn.Sequential(*steps)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        mean = masked_mean(x, mask)
        return self.network(mean if self.norm is None else _normalized(self.norm, mean))


def _normalized(norm: nn.BatchNorm1d, x: Tensor) -> Tensor:
    if len(x) > 1 or not norm.training:
        return norm(x)
    return batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps)
