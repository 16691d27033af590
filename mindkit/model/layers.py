"""Banked layers: `copies` independent sets of weights applied in one call.

A bank of R copies takes `(..., R, B, D)`; a bank of one copy takes `(..., B, D)` with any leading
axes and broadcasts over them. Axes: B batch, R copies.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Linear(nn.Module):
    """Affine map per copy. Shapes: x (..., R, B, D_in) -> (..., R, B, D_out); R = 1 broadcasts.

    Each copy is initialised as `nn.Linear` is, with the same draws from the random generator.
    fan_in: the width that initialisation counts with, where the layer is one part of a wider one.
    """

    def __init__(
        self, copies: int, d_in: int, d_out: int, bias: bool = True, fan_in: int | None = None
    ) -> None:
        super().__init__()
        self.copies, self.d_in, self.d_out = copies, d_in, d_out
        self.fan_in = d_in if fan_in is None else fan_in
        self.weight = nn.Parameter(torch.empty(copies, d_in, d_out))
        self.bias = nn.Parameter(torch.empty(copies, 1, d_out)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        bound = 1 / math.sqrt(self.fan_in)
        with torch.no_grad():
            for copy in range(self.copies):
                drawn = torch.empty_like(
                    self.weight[copy].mT, memory_format=torch.contiguous_format
                )
                self.weight[copy] = nn.init.uniform_(drawn, -bound, bound).mT
                if self.bias is not None:
                    nn.init.uniform_(self.bias[copy], -bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        if self.copies == 1:
            bias = None if self.bias is None else self.bias[0, 0]
            return nn.functional.linear(x, self.weight[0].mT, bias)
        if x.dim() < 3 or x.shape[-3] != self.copies:
            raise ValueError(
                f"a bank of {self.copies} copies takes (..., {self.copies}, B, {self.d_in}), "
                f"got {tuple(x.shape)}"
            )
        if x.dim() == 3:
            return self._multiply(x)
        # Leading axes become samples of their copy, so that one batched product serves all.
        folded = x.movedim(-3, 0)  # (R, ..., B, D_in)
        out = self._multiply(folded.reshape(self.copies, -1, self.d_in))
        return out.reshape(*folded.shape[:-1], self.d_out).movedim(0, -3)

    def _multiply(self, x: Tensor) -> Tensor:
        if self.bias is None:
            return torch.bmm(x, self.weight)
        return torch.baddbmm(self.bias, x, self.weight)

    def extra_repr(self) -> str:
        return f"copies={self.copies}, d_in={self.d_in}, d_out={self.d_out}"


class LayerNorm(nn.Module):
    """Layer normalisation with an affine map per copy. Shapes: x (..., R, B, D) -> same."""

    def __init__(self, copies: int, width: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.copies, self.width, self.eps = copies, width, eps
        self.weight = nn.Parameter(torch.ones(copies, 1, width))
        self.bias = nn.Parameter(torch.zeros(copies, 1, width))

    def forward(self, x: Tensor) -> Tensor:
        if self.copies == 1:
            return nn.functional.layer_norm(
                x, (self.width,), self.weight[0, 0], self.bias[0, 0], self.eps
            )
        normal = nn.functional.layer_norm(x, (self.width,), eps=self.eps)
        return torch.addcmul(self.bias, normal, self.weight)


class MLP(nn.Sequential):
    """Linear layers with an activation between them, per copy.

    Shapes: x (..., R, B, widths[0]) -> (..., R, B, widths[-1]). The last layer is linear.
    """

    def __init__(
        self, copies: int, widths: Sequence[int], activation: type[nn.Module] = nn.ReLU
    ) -> None:
        layers: list[nn.Module] = []
        for d_in, d_out in itertools.pairwise(widths):
            layers += [Linear(copies, d_in, d_out), activation()]
        super().__init__(*layers[:-1])


class Residual(nn.Sequential):
    """x + W2 drop(ReLU(W1 x)), the last hidden network of Tsai et al. (2019).

    Shapes: x (B, D) -> (B, D). dropout: probability of zeroing a hidden unit, 0 to 1.
    """

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__(
            nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + super().forward(x)
