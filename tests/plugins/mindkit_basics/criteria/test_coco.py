import pytest
import torch

from mindkit_basics.criteria.coco import Coco


def test_it_meets_its_reference_value(x, y):
    assert Coco()(x, y).item() == pytest.approx(1.9383206, abs=5e-8)


@pytest.mark.parametrize("widths", [(3, 5), (7, 2)])
def test_it_is_the_greatest_singular_value_of_the_covariance(draw, widths):
    a, b = draw(4, widths[0]), draw(4, widths[1])
    covariance = (a - a.mean(0)).T @ (b - b.mean(0)) / 4
    expected = torch.linalg.svdvals(covariance)[0].item()
    assert Coco()(a, b).item() == pytest.approx(expected, rel=1e-10)


def test_no_pair_of_directions_covaries_more(draw):
    a, b = draw(8, 3), draw(8, 3)
    directions = torch.nn.functional.normalize(draw(500, 2, 3), dim=-1)
    left, right = a @ directions[:, 0].T, b @ directions[:, 1].T
    covariances = ((left - left.mean(0)) * (right - right.mean(0))).mean(0)
    assert covariances.max() <= Coco()(a, b) + 1e-12


def test_both_orders_of_a_pair_have_one_value(draw):
    a, b = draw(6, 3), draw(6, 4)
    assert Coco()(a, b).item() == pytest.approx(Coco()(b, a).item(), rel=1e-10)


def test_its_gradient_is_right(draw):
    assert torch.autograd.gradcheck(Coco(), (draw(6, 2).requires_grad_(), draw(6, 3)))


def test_constant_input_gives_nothing_and_a_finite_gradient(draw):
    a = torch.ones(6, 3, dtype=torch.float64, requires_grad=True)
    value = Coco()(a, draw(6, 3))
    value.backward()
    assert value.item() == pytest.approx(0, abs=1e-9)
    assert a.grad.isfinite().all()
