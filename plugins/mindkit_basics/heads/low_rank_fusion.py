from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from mindkit.api import FusionHead
from mindkit_basics.heads.narrowing import Dropouts, Rectify, Widths, narrowing


class LowRankFusion(FusionHead):
    """Predict from the outer product of all parts through a weight of low rank.

    Shapes: parts (P, B, D) -> (B, C).

    LMF (Liu et al. 2018): the sum over i of w_i times the product over parts of [1; h_p] W_p^i,
    plus b. It is a linear layer on TFN's product, never written out. Each part first passes
    dropout -> (Linear -> ReLU) `layers` times to its own width. W_p (one tensor of rank, width and
    outputs) and w are drawn Xavier-normal, b is 0. In the original code w and b are never updated.

    rank: number of summands r; more can express more.
    widths: width of each part in the product, one number, or a map from modality.
    layers: number of layers of the network of each part.
    rectify: whether a ReLU ends that network, one for all, or a map from modality; LMF's text has
    none.
    part_dropout: probability of zeroing an entry of a part, 0 to 1, or a map from modality.
    train_rank_weights: whether w and b are learned.
    """

    def __init__(
        self,
        parts_dim: int,
        parts_modalities: tuple[str, ...],
        num_outputs: int,
        *,
        rank: int = 3,
        widths: Widths = 64,
        layers: int = 1,
        rectify: Rectify = True,
        part_dropout: Dropouts = 0.3,
        train_rank_weights: bool = True,
    ) -> None:
        super().__init__()
        each, self.networks = narrowing(
            parts_dim, parts_modalities, widths, layers, part_dropout, rectify
        )
        self.factors = nn.ParameterList(
            nn.init.xavier_normal_(torch.empty(rank, width + 1, num_outputs)) for width in each
        )
        self.rank_weights = nn.Parameter(torch.empty(1, rank), train_rank_weights)
        self.bias = nn.Parameter(torch.zeros(num_outputs), train_rank_weights)
        nn.init.xavier_normal_(self.rank_weights)

    def forward(self, parts: Tensor) -> Tensor:
        product: Tensor | float = 1.0
        for network, part, factor in zip(self.networks, parts, self.factors, strict=True):
            with_one = pad(network(part), (1, 0), value=1.0)  # (B, E)
            product = torch.einsum("be,reo->bro", with_one, factor) * product  # (B, rank, C)
        return (self.rank_weights.mT * product).sum(1) + self.bias
