import pytest
import torch

from mindkit_basics.criteria.squared_cosine import SquaredCosine


def test_it_meets_its_reference_value(x, y):
    assert SquaredCosine()(x, y).item() == pytest.approx(0.1440998, abs=5e-8)


def test_opposite_vectors_count_as_equal_ones_do(draw):
    a = draw(5, 3)
    assert SquaredCosine()(a, -a).item() == pytest.approx(1, abs=1e-9)


def test_its_gradient_is_right(draw):
    inputs = draw(5, 3).requires_grad_(), draw(5, 3).requires_grad_()
    assert torch.autograd.gradcheck(SquaredCosine(), inputs)
