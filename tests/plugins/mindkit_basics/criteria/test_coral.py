import pytest
import torch

from mindkit_basics.criteria.coral import Coral


def test_it_meets_its_reference_value(x, y):
    assert Coral()(x, y).item() == pytest.approx(0.2742708, abs=5e-8)


def test_it_is_what_the_library_covariance_gives(draw):
    a, b = draw(7, 4), draw(7, 4)
    gap = torch.cov(a.T) - torch.cov(b.T)
    assert Coral()(a, b).item() == pytest.approx((gap**2).sum().item() / 64, abs=1e-12)


def test_means_count_only_if_asked(draw):
    a = draw(7, 4)
    assert Coral()(a, a + 2).item() == pytest.approx(0, abs=1e-12)
    assert Coral(means=True)(a, a + 2).item() == pytest.approx(4, abs=1e-12)


def test_its_gradient_is_right(draw):
    inputs = draw(5, 3).requires_grad_(), draw(5, 3).requires_grad_()
    assert torch.autograd.gradcheck(Coral(means=True), inputs)


def test_a_single_sample_is_refused(draw):
    with pytest.raises(ValueError, match="at least 2 samples, got a batch of 1"):
        Coral()(draw(1, 3), draw(1, 3))
