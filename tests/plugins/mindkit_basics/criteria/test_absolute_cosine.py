import pytest
import torch

from mindkit_basics.criteria.absolute_cosine import AbsoluteCosine


def test_it_meets_the_mean_of_the_reference_cosines(x, y):
    expected = (0.2 + 0 + 0.3162278 + 0 + 0.7619048) / 5
    assert AbsoluteCosine()(x, y).item() == pytest.approx(expected, abs=5e-8)


def test_opposite_vectors_count_as_equal_ones_do(draw):
    a = draw(5, 3)
    assert AbsoluteCosine()(a, -2 * a).item() == pytest.approx(1, abs=1e-9)


def test_vectors_at_a_right_angle_give_zero_and_a_finite_gradient():
    a = torch.tensor([[1.0, 0.0], [0.0, 0.0]], requires_grad=True)
    value = AbsoluteCosine()(a, torch.tensor([[0.0, 3.0], [1.0, 1.0]]))
    value.backward()
    assert value.item() == 0
    assert a.grad.isfinite().all()


def test_its_gradient_is_right(draw):
    inputs = draw(5, 3).requires_grad_(), draw(5, 3).requires_grad_()
    assert torch.autograd.gradcheck(AbsoluteCosine(), inputs)
