import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from mindkit_basics.criteria.variational_bottleneck import VariationalBottleneck


def test_it_meets_the_reference_value(x):
    value = VariationalBottleneck()(x, torch.zeros_like(x)).item()
    assert value == pytest.approx(2.025, abs=1e-12)


def test_it_is_what_loops_over_features_give(draw):
    mean, v = draw(5, 3), draw(5, 3)
    rows = [
        sum((m**2 + math.exp(s) - 1 - s) / 2 for m, s in zip(*row, strict=True))
        for row in zip(mean.tolist(), v.tolist(), strict=True)
    ]
    assert VariationalBottleneck()(mean, v).item() == pytest.approx(sum(rows) / 5, abs=1e-12)


def test_it_is_the_divergence_from_a_standard_normal(draw):
    mean, v = draw(5, 3), draw(5, 3)
    standard = Normal(torch.zeros(3).double(), 1)
    expected = kl_divergence(Normal(mean, (v / 2).exp()), standard).sum(1).mean()
    assert VariationalBottleneck()(mean, v).item() == pytest.approx(expected.item(), abs=1e-12)


def test_it_is_above_the_information_and_meets_it_where_draws_are_standard_normal(draw):
    """x ~ N(0, 1), μ = ρ x and variance 1 - ρ²: z ~ N(0, 1), and I = -log(1 - ρ²) / 2."""
    x = draw(10_000, 1)
    x = (x - x.mean()) / x.var(correction=0).sqrt()
    information = -math.log(1 - 0.8**2) / 2
    v = torch.full_like(x, math.log(1 - 0.8**2))
    bound = VariationalBottleneck()
    assert bound(0.8 * x, v).item() == pytest.approx(information, abs=1e-9)
    # Twice as large, draws tell as much but are no longer standard normal.
    assert bound(1.6 * x, v + math.log(4)).item() > information + 0.5


def test_a_standard_normal_tells_nothing_and_is_left_alone():
    mean, v = (torch.zeros(4, 3, requires_grad=True) for _ in range(2))
    value = VariationalBottleneck()(mean, v)
    value.backward()
    assert value.item() == 0
    assert not mean.grad.any() and not v.grad.any()


def test_its_gradient_is_right(draw):
    inputs = draw(4, 3).requires_grad_(), draw(4, 3).requires_grad_()
    assert torch.autograd.gradcheck(VariationalBottleneck(), inputs)
