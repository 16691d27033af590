"""Statistics networks T(x, z), which mutual-information bounds are optimised over.

Each has `against(x, z, how)`, the (..., B) scores of the true pairs (x_i, z_i) and of as many false
ones, and `every(x, z)`, the (..., B, B) scores of all pairs (x_i, z_j). The last layer is linear,
never squashed.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from mindkit.api import MLP, Linear
from mindkit_basics.mi.negatives import Negatives, shuffle

CriticKind = Literal["concat", "bilinear", "separable"]


def make_critic(
    kind: CriticKind, x_dim: int, z_dim: int, copies: int, hidden: int, layers: int
) -> nn.Module:
    """Return the critic called `kind`; `hidden` and `layers` size its hidden layers."""
    if kind == "bilinear":
        return Bilinear(x_dim, z_dim, copies)
    if kind == "separable":
        return Separable(x_dim, z_dim, copies, hidden, layers)
    return Concat(x_dim, z_dim, copies, hidden, layers)


class Concat(nn.Module):
    """A ReLU network on x and z side by side.

    Its first layer W [x; z] is W_x x + W_z z: each half is computed once and serves true and false
    pairs alike, and all pairs need no (B, B, x_dim + z_dim) tensor.
    """

    def __init__(self, x_dim: int, z_dim: int, copies: int, hidden: int, layers: int) -> None:
        super().__init__()
        if layers < 1:
            raise ValueError(f"a concat critic has at least 1 hidden layer, got layers={layers}")
        both = x_dim + z_dim
        self.of_x = Linear(copies, x_dim, hidden, fan_in=both)
        self.of_z = Linear(copies, z_dim, hidden, bias=False, fan_in=both)
        rest: list[nn.Module] = []
        for d_in, d_out in pairwise([hidden] * layers + [1]):
            rest += [nn.ReLU(), Linear(copies, d_in, d_out)]
        self.rest = nn.Sequential(*rest)

    def against(self, x: Tensor, z: Tensor, how: Negatives) -> tuple[Tensor, Tensor]:
        of_x, of_z = self.of_x(x), self.of_z(z)
        pairs = torch.cat([of_x + of_z, of_x + shuffle(of_z, how)], -2)
        true, false = self.rest(pairs).squeeze(-1).chunk(2, -1)
        return true, false

    def every(self, x: Tensor, z: Tensor) -> Tensor:
        size = x.shape[-2]
        pairs = self.of_x(x).unsqueeze(-2) + self.of_z(z).unsqueeze(-3)  # (..., B, B, H)
        return self.rest(pairs.flatten(-3, -2)).squeeze(-1).unflatten(-1, (size, size))


class Separable(nn.Module):
    """f(x) . g(z), two ReLU networks of equal output width."""

    def __init__(self, x_dim: int, z_dim: int, copies: int, hidden: int, layers: int) -> None:
        super().__init__()
        inner = [hidden] * layers
        self.of_x = MLP(copies, [x_dim, *inner, hidden])
        self.of_z = MLP(copies, [z_dim, *inner, hidden])

    def against(self, x: Tensor, z: Tensor, how: Negatives) -> tuple[Tensor, Tensor]:
        of_x, of_z = self.of_x(x), self.of_z(z)
        return (of_x * of_z).sum(-1), (of_x * shuffle(of_z, how)).sum(-1)

    def every(self, x: Tensor, z: Tensor) -> Tensor:
        return self.of_x(x) @ self.of_z(z).mT


class Bilinear(nn.Module):
    """x W z (Deep InfoMax, CPC)."""

    def __init__(self, x_dim: int, z_dim: int, copies: int) -> None:
        super().__init__()
        self.project = Linear(copies, x_dim, z_dim, bias=False)

    def against(self, x: Tensor, z: Tensor, how: Negatives) -> tuple[Tensor, Tensor]:
        projected = self.project(x)
        return (projected * z).sum(-1), (projected * shuffle(z, how)).sum(-1)

    def every(self, x: Tensor, z: Tensor) -> Tensor:
        return self.project(x) @ z.mT
