from __future__ import annotations

import torch
from torch import Tensor, nn

from mindkit.api import Criterion
from mindkit_basics.criteria.modalities import modality_loss


class SharedPrivateDiscriminator(Criterion):
    """Keep shared and private vectors recognisable: tell whether one is shared, or whose it is.

    Shapes: shared (B, MD), private (B, MD) -> ().

    Each argument holds one vector of all M modalities side by side (`shared: invariant.*, private:
    specific.*`). Cross-entropy of one linear layer with M + 1 outputs over the M private vectors of
    a sample and the mean of its shared ones. Nothing is reversed: vectors and layer work together.
    MISA's code computes the scores and gives them no loss.
    """

    role = "difference"

    def __init__(
        self, shared_dim: int, num_shared: int, private_dim: int, num_private: int
    ) -> None:
        super().__init__()
        if shared_dim * num_private != private_dim * num_shared or private_dim % num_private:
            raise ValueError(
                f"shared and private vectors have one width, got {shared_dim} numbers of "
                f"{num_shared} and {private_dim} of {num_private}"
            )
        self.modalities = num_shared, num_private
        self.classifier = nn.Linear(private_dim // num_private, num_private + 1)

    def forward(self, shared: Tensor, private: Tensor) -> Tensor:
        num_shared, num_private = self.modalities
        of_all = shared.unflatten(1, (num_shared, -1)).mean(1, keepdim=True)  # (B, 1, D)
        vectors = torch.cat([private.unflatten(1, (num_private, -1)), of_all], 1)
        return modality_loss(self.classifier(vectors))  # of scores (B, M + 1, M + 1)
