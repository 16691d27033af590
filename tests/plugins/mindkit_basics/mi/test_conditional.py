import math

import pytest
import torch

from mindkit_basics.mi.conditional import Conditional, log_densities, log_density


def test_the_log_density_of_the_reference_input_is_minus_half_the_squares(x, y):
    flat = torch.zeros_like(x)
    value = log_density(y, x, flat).mean().item()
    assert value + 1.5 * math.log(2 * math.pi) == pytest.approx(-4.85, abs=1e-12)


@pytest.mark.parametrize("variance", ["learned", "unit"])
@pytest.mark.parametrize("layers", [0, 1, 2])
def test_it_is_what_loops_over_features_give(draw, every_log_q, variance, layers):
    conditional = Conditional(3, 2, 1, 4, layers, variance).double()
    x, z = draw(5, 3), draw(5, 2)
    expected = every_log_q(conditional, x, z)
    paired, every = log_density(z, *conditional(x)), log_densities(z, *conditional(x))
    assert paired.tolist() == pytest.approx([expected[i][i] for i in range(5)], abs=1e-12)
    constant = math.log(2 * math.pi)  # for two features
    for i in range(5):
        assert (every[i] - constant).tolist() == pytest.approx(expected[i], abs=1e-12)


def test_far_from_the_origin_single_precision_suffices(draw):
    z, mean, v = draw(6, 4) + 1000, draw(6, 4) + 1000, draw(6, 4).tanh()
    exact = log_densities(z, mean, v)
    error = log_densities(z.float(), mean.float(), v.float()) - exact
    assert error.abs().max() < 5e-3  # 1000 itself has steps of 6e-5, times a gap of some units


def test_variances_lie_between_a_share_of_e_and_e(draw):
    _, v = Conditional(3, 2, 1, 4, 1, "learned").double()(1e6 * draw(100, 3))
    assert v.abs().max() <= 1
    assert v.abs().max() > 0.99


def test_learning_minimises_the_negative_log_likelihood(draw, log_q):
    conditional = Conditional(3, 2, 1, 4, 1, "learned").double()
    x, z = draw(5, 3), draw(5, 2)
    every = [log_q(conditional, x[i].tolist(), z[i].tolist()) for i in range(5)]
    value = conditional.learning_loss(x, z).item()
    assert value == pytest.approx(-sum(every) / 5, abs=1e-12)
