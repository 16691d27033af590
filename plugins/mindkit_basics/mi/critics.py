"""Statistics networks T(x, z), over which mutual-information bounds are optimised.

Each works in two steps, so that no part of it is computed twice for the same sample: `halves` maps
every x and every z on its own, `pair` scores halves that belong together row by row, and `cross`
scores every x with every z. The last layer is linear, never squashed.
Axes: R copies, B batch, H hidden width.
"""

from __future__ import annotations

import math
from typing import Literal, Protocol

import torch
from torch import Tensor, nn

from mindkit.api import MLP, Linear
from mindkit_basics.mi.bank import Bank
from mindkit_basics.mi.conditional import Conditional, log_densities, log_density
from mindkit_basics.mi.negatives import InBatch, moved, offdiagonal, refuse_single

CriticKind = Literal["concat", "bilinear", "separable", "gaussian"]


class Critic(Protocol):
    """What `score` asks of a critic."""

    def halves(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]: ...

    def pair(self, x: Tensor, z: Tensor) -> Tensor: ...

    def cross(self, x: Tensor, z: Tensor) -> Tensor: ...


def make_critic(
    kind: CriticKind,
    x_dim: int,
    z_dim: int,
    copies: int,
    hidden: int,
    layers: int,
    temperature: float | None = None,
) -> Concat | Bilinear | Separable | Gaussian:
    """Return the critic called `kind`, with `layers` hidden layers of width `hidden`, if any.

    temperature: for a separable one, whose outputs are then normalised: scores are cosines / τ.
    """
    if temperature is not None and (kind != "separable" or temperature <= 0):
        raise ValueError(
            f"temperature is a positive τ of the separable critic, got {temperature} with critic "
            f"'{kind}'; leave it out or set critic to separable"
        )
    if kind == "bilinear":
        return Bilinear(x_dim, z_dim, copies)
    if kind == "gaussian":
        return Gaussian(x_dim, z_dim, copies, hidden, layers)
    if layers < 1:
        raise ValueError(f"a {kind} critic has at least 1 hidden layer, got layers={layers}")
    if kind == "separable":
        return Separable(x_dim, z_dim, copies, hidden, layers, temperature)
    return Concat(x_dim, z_dim, copies, hidden, layers)


class Concat(nn.Module):
    """A ReLU network on x and z side by side; MInD's has two hidden layers of 512.

    Its first layer W [x; z] + b is W_x x + b + W_z z: each half is computed once per sample, and
    scoring all pairs needs no (B, B, x_dim + z_dim) tensor.
    """

    def __init__(self, x_dim: int, z_dim: int, copies: int, hidden: int, layers: int) -> None:
        super().__init__()
        both = x_dim + z_dim
        self.of_x = Linear(copies, x_dim, hidden, fan_in=both)
        self.of_z = Linear(copies, z_dim, hidden, bias=False, fan_in=both)
        self.rest = nn.Sequential(nn.ReLU(), MLP(copies, [hidden] * layers + [1]))

    def halves(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes: x (..., B, x_dim), z (..., B, z_dim) -> (..., B, H), (..., B, H)."""
        return self.of_x(x), self.of_z(z)

    def pair(self, x: Tensor, z: Tensor) -> Tensor:
        """Shapes: x (..., B, H), z (..., B, H) -> (..., B)."""
        return self.rest(x + z).squeeze(-1)

    def cross(self, x: Tensor, z: Tensor) -> Tensor:
        """Shapes: x (..., B, H), z (..., N, H) -> (..., B, N)."""
        pairs = x.unsqueeze(-2) + z.unsqueeze(-3)  # (..., B, N, H)
        return self.rest(pairs.flatten(-3, -2)).squeeze(-1).unflatten(-1, pairs.shape[-3:-1])


class _Product(nn.Module):
    """Scores that are inner products of the halves."""

    def pair(self, x: Tensor, z: Tensor) -> Tensor:
        """Shapes: x (..., B, H), z (..., B, H) -> (..., B)."""
        return (x * z).sum(-1)

    def cross(self, x: Tensor, z: Tensor) -> Tensor:
        """Shapes: x (..., B, H), z (..., N, H) -> (..., B, N)."""
        return x @ z.mT


class Bilinear(_Product):
    """T(x, z) = xᵀ W z."""

    def __init__(self, x_dim: int, z_dim: int, copies: int) -> None:
        super().__init__()
        self.of_x = Linear(copies, x_dim, z_dim, bias=False)

    def halves(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes: x (..., B, x_dim), z (..., B, z_dim) -> (..., B, z_dim), (..., B, z_dim)."""
        return self.of_x(x), z


class Separable(_Product):
    """T(x, z) = f(x)ᵀ g(z), f and g ReLU networks that end in `hidden` numbers.

    With a temperature τ it is the cosine of f(x) and g(z), divided by τ.
    """

    def __init__(
        self,
        x_dim: int,
        z_dim: int,
        copies: int,
        hidden: int,
        layers: int,
        temperature: float | None = None,
    ) -> None:
        super().__init__()
        widths = [hidden] * (layers + 1)
        self.of_x = MLP(copies, [x_dim, *widths])
        self.of_z = MLP(copies, [z_dim, *widths])
        self.temperature = temperature

    def halves(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes: x (..., B, x_dim), z (..., B, z_dim) -> (..., B, H), (..., B, H)."""
        f, g = self.of_x(x), self.of_z(z)
        if self.temperature is None:
            return f, g
        return _unit(f) / self.temperature, _unit(g)


class Gaussian(nn.Module):
    """T(x, z) = log q(z | x), q = N(μ(x), diag exp v(x)) as in the upper bounds, v in [-1, 1].

    q is fitted by the bound itself, as every critic is. T is quadratic in z, and its level is that
    of a density, more than a nat below 0 for each feature of z. The InfoNCE and Donsker-Varadhan
    forms do not see the level, and TUBA's baseline takes it up; with jsd, nwj and smile values stay
    far below what they estimate.
    """

    def __init__(self, x_dim: int, z_dim: int, copies: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.conditional = Conditional(x_dim, z_dim, copies, hidden, layers, "learned")

    def halves(self, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """Shapes: x (..., B, x_dim), z (..., B, z_dim) -> (..., B, 2 z_dim), (..., B, z_dim)."""
        return torch.cat(self.conditional(x), -1), z

    def pair(self, x: Tensor, z: Tensor) -> Tensor:
        """Shapes: x (..., B, 2 z_dim), z (..., B, z_dim) -> (..., B)."""
        return log_density(z, *x.chunk(2, -1))

    def cross(self, x: Tensor, z: Tensor) -> Tensor:
        """Shapes: x (..., B, 2 z_dim), z (..., N, z_dim) -> (..., B, N)."""
        constant = z.shape[-1] / 2 * math.log(2 * math.pi)
        return log_densities(z, *x.chunk(2, -1)).mT - constant


def _unit(x: Tensor) -> Tensor:
    # eps inside the root: a row of zeros stays one, with a finite gradient.
    return x * (x.square().sum(-1, keepdim=True) + 1e-12).rsqrt()


def score(critic: Critic, x: Tensor, z: Tensor, negatives: InBatch | Bank) -> tuple[Tensor, Tensor]:
    """Return the scores of samples of the joint and of the product of the marginals.

    Shapes: x (..., B, x_dim), z (..., B, z_dim) -> (..., B), (..., N), where N is B (B - 1) for
    offdiag, B times the length of a bank, else B.
    """
    refuse_single(x)
    if isinstance(negatives, Bank):
        return _score_against(negatives, critic, x, z)
    of_x, of_z = critic.halves(x, z)
    if negatives == "offdiag":
        scores = critic.cross(of_x, of_z)
        return scores.diagonal(dim1=-2, dim2=-1), offdiagonal(scores)
    return _paired(critic, of_x, of_z, moved(of_z, negatives))


def _score_against(bank: Bank, critic: Critic, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """`score` where each x meets all of a bank, and the next sample's z while that is empty."""
    of_x, of_both = critic.halves(x, torch.cat([z, bank.past(z)], -2))
    of_z, of_past = of_both.tensor_split([z.shape[-2]], -2)
    true, shifted = _paired(critic, of_x, of_z, moved(of_z, "shift"))
    false = torch.where(bank.empty, shifted.unsqueeze(-1), critic.cross(of_x, of_past))
    bank.take(z)
    return true, false.flatten(-2)


def _paired(critic: Critic, x: Tensor, z: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
    # One call for both reads the weights once.
    both = critic.pair(torch.cat([x, x], -2), torch.cat([z, other], -2))
    true, false = both.chunk(2, -1)
    return true, false
