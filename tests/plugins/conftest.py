import math
from types import SimpleNamespace

import pytest
import torch


@pytest.fixture
def draw():
    """Return a function that draws float64 Gaussians, the same in every run."""
    generator = torch.Generator().manual_seed(0)
    return lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.fixture(scope="session")
def naive():
    """Return networks computed one number at a time: `gelu`, `affine`, `network`."""

    def gelu(value):
        return value * (1 + math.erf(value / math.sqrt(2))) / 2

    def affine(x, linear, copy=0):
        """A linear layer, torch's or one copy of a bank, on a list of numbers."""
        weight, bias = linear.weight.detach(), linear.bias.detach()
        banked = weight.dim() == 3
        columns = weight[copy].T if banked else weight
        return [
            float(b) + sum(float(w) * v for w, v in zip(column, x, strict=True))
            for column, b in zip(columns, bias[copy, 0] if banked else bias, strict=True)
        ]

    def network(x, linears, activation, copy=0):
        """Linear layers with `activation` between them, on a list of numbers."""
        for position, linear in enumerate(linears):
            if position:
                x = [activation(v) for v in x]
            x = affine(x, linear, copy)
        return x

    return SimpleNamespace(gelu=gelu, affine=affine, network=network)
