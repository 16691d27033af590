from __future__ import annotations

import torch
from torch import Tensor, nn

from mindkit.api import Reconstruction


class LstmDecoder(Reconstruction):
    """Rebuild a whole sequence from vectors by an LSTM that runs on by itself.

    Shapes: parts (B, E), target (B, L, F), mask (B, L) -> ().

    MFM's decoder: the first input of the cell is the vector, afterwards it is the cell's own hidden
    state; each state is mapped to a step by one linear layer. Mean squared error over real steps.
    Give it `features.<modality>` or `sequence.<modality>` as target.

    detach_target: whether the target is a constant; raw features are one anyway.
    """

    def __init__(self, parts_dim: int, target_dim: int, *, detach_target: bool = False) -> None:
        super().__init__()
        self.cell = nn.LSTMCell(parts_dim, parts_dim)
        self.output = nn.Linear(parts_dim, target_dim)
        self.detach_target = detach_target

    def forward(self, parts: Tensor, target: Tensor, mask: Tensor) -> Tensor:
        target = target.detach() if self.detach_target else target
        state = parts.new_zeros(parts.shape), parts.new_zeros(parts.shape)
        given, states = parts, []
        for _ in range(target.shape[1]):
            state = self.cell(given, state)
            given = state[0]
            states.append(given)
        error = (self.output(torch.stack(states, 1)) - target).square().mean(2)  # (B, L)
        return error.masked_fill(~mask, 0).sum() / mask.sum().clamp(min=1)
