from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from mindkit.api import FusionHead


class LowRankFusion(FusionHead):
    """Predict from the outer product of all parts through a weight of low rank.

    Shapes: parts (P, B, D) -> (B, C).

    LMF (Liu et al. 2018): the sum over i of w_i times the product over parts of [1; h_p] W_p^i,
    plus b. It is a linear layer on TFN's product, never written out. Each part first passes
    dropout -> Linear -> ReLU. In the original code w and b are never updated.

    rank: number of summands r; more can express more.
    narrow: width of each part in the product.
    dropout: probability of zeroing an entry of a part, 0 to 1.
    train_rank_weights: whether w and b are learned.
    """

    def __init__(
        self,
        parts_dim: int,
        num_parts: int,
        num_outputs: int,
        *,
        rank: int = 3,
        narrow: int = 64,
        dropout: float = 0.3,
        train_rank_weights: bool = True,
    ) -> None:
        super().__init__()
        self.networks = nn.ModuleList(
            nn.Sequential(nn.Dropout(dropout), nn.Linear(parts_dim, narrow), nn.ReLU())
            for _ in range(num_parts)
        )
        self.factors = nn.Parameter(torch.empty(num_parts, rank, narrow + 1, num_outputs))
        self.rank_weights = nn.Parameter(torch.empty(1, rank), train_rank_weights)
        self.bias = nn.Parameter(torch.zeros(num_outputs), train_rank_weights)
        for factor in self.factors.flatten(0, 1):
            nn.init.xavier_normal_(factor)
        nn.init.xavier_normal_(self.rank_weights)

    def forward(self, parts: Tensor) -> Tensor:
        narrow = [network(part) for network, part in zip(self.networks, parts, strict=True)]
        with_one = pad(torch.stack(narrow), (1, 0), value=1.0)  # (P, B, E)
        mapped = torch.einsum("pbe,preo->pbro", with_one, self.factors)
        product = mapped.prod(0)  # (B, rank, C)
        return (self.rank_weights.mT * product).sum(1) + self.bias
