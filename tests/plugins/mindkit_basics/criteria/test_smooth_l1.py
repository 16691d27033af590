import pytest
import torch

from mindkit_basics.criteria.smooth_l1 import SmoothL1


def naive(a, b, beta):
    gaps = [abs(p - q) for p, q in zip(a.flatten().tolist(), b.flatten().tolist(), strict=True)]
    return sum(g * g / (2 * beta) if g < beta else g - beta / 2 for g in gaps) / len(gaps)


@pytest.mark.parametrize("beta", [0.3, 1.0, 100.0])
def test_it_is_what_a_loop_over_entries_gives(draw, beta):
    a, b = draw(2, 6, 3), draw(2, 6, 3)
    expected = [naive(left, right, beta) for left, right in zip(a, b, strict=True)]
    assert SmoothL1(beta=beta)(a, b).tolist() == pytest.approx(expected, rel=1e-12)


def test_its_gradient_is_right(draw):
    inputs = draw(5, 3).requires_grad_(), draw(5, 3).requires_grad_()
    assert torch.autograd.gradcheck(SmoothL1(), inputs)


def test_unlike_shapes_are_refused(draw):
    with pytest.raises(ValueError, match=r"must have one shape, got \(6, 3\) and \(6, 1\)"):
        SmoothL1()(draw(6, 3), draw(6, 1))


def test_a_beta_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="beta is a positive difference, got 0"):
        SmoothL1(beta=0.0)
