import math

import pytest
import torch

from mindkit_basics.criteria.cmd import Cmd


def naive(a, b, moments, width=1.0, eps=0.0):
    """Moment by moment, feature by feature."""
    total = 0.0
    means = [[sum(z[:, i].tolist()) / len(z) for i in range(z.shape[1])] for z in (a, b)]
    for k in range(1, moments + 1):
        squares = 0.0
        for i in range(a.shape[1]):
            values = []
            for z, mean in zip((a, b), means, strict=True):
                column = z[:, i].tolist()
                centre = mean[i] if k > 1 else 0.0
                values.append(sum((v - centre) ** k for v in column) / len(column))
            squares += (values[0] - values[1]) ** 2
        total += math.sqrt(squares + eps) / width**k
    return total


def test_each_moment_and_the_total_meet_their_reference_values(x, y):
    criterion = Cmd(squash="sigmoid", eps=0.0)
    terms = [one.item() for one in criterion.terms(x.sigmoid(), y.sigmoid())]
    expected = [0.0635465, 0.0296268, 0.0106612, 0.0077842, 0.0035062]
    assert terms == pytest.approx(expected, abs=5e-8)
    assert criterion(x, y).item() == pytest.approx(0.1151249, abs=5e-8)


@pytest.mark.parametrize("moments", [1, 3, 5])
def test_it_is_what_loops_over_moments_and_features_give(draw, moments):
    a, b = draw(6, 3), draw(6, 3)
    value = Cmd(moments=moments, low=-2.0, high=2.0)(a, b).item()
    assert value == pytest.approx(naive(a, b, moments, 4.0, 1e-12), abs=1e-12)


def test_equal_input_has_the_value_of_eps_alone_and_a_finite_gradient(draw):
    a = draw(6, 3).requires_grad_()
    value = Cmd()(a, a.detach().clone())
    value.backward()
    assert value.item() == pytest.approx(5e-6, rel=1e-6)
    assert a.grad.isfinite().all()


def test_the_pairing_of_the_samples_has_no_part_in_it(draw):
    a, b = draw(6, 3), draw(6, 3)
    order = torch.tensor([3, 0, 1, 5, 2, 4])
    assert Cmd()(a, b[order]).item() == pytest.approx(Cmd()(a, b).item(), rel=1e-12)


def test_its_gradient_is_right(draw):
    inputs = draw(5, 3).requires_grad_(), draw(5, 3).requires_grad_()
    assert torch.autograd.gradcheck(Cmd(squash="sigmoid"), inputs)


def test_an_empty_range_is_refused():
    with pytest.raises(ValueError, match="low below high, got 5"):
        Cmd(low=1.0, high=1.0)
