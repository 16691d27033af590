import math

import pytest
import torch

from mindkit_basics.criteria.mmd import Mmd


def naive(a, b, kernel, biased=True):
    """Kernel by kernel, over all pairs."""

    def mean(p, q, skip):
        values = [
            kernel(math.dist(u, v) ** 2)
            for i, u in enumerate(p)
            for j, v in enumerate(q)
            if not (skip and i == j)
        ]
        return sum(values) / len(values)

    left, right = a.tolist(), b.tolist()
    own = mean(left, left, not biased) + mean(right, right, not biased)
    return own - 2 * mean(left, right, False)


@pytest.mark.parametrize(
    ("estimator", "expected"), [("biased", 0.2473046), ("unbiased", -0.1153965)]
)
def test_each_estimator_meets_its_reference_value(x, y, estimator, expected):
    criterion = Mmd(bandwidths=(1.0,), scale=1.0, estimator=estimator)
    assert criterion(x, y).item() == pytest.approx(expected, abs=1.1e-7)  # the last digit printed


def test_the_kernel_of_mfm_meets_its_reference_value(x, y):
    assert Mmd(kernel="mfm")(x, y).item() == pytest.approx(0.0805363, abs=5e-8)


@pytest.mark.parametrize("biased", [True, False])
def test_several_bandwidths_are_averaged_in_units_of_half_the_median(draw, biased):
    a, b = draw(5, 3), draw(5, 3)
    rows = torch.cat([a, b]).tolist()
    distances = sorted(math.dist(p, q) ** 2 for i, p in enumerate(rows) for q in rows[:i])
    median = distances[len(distances) // 2]  # 45 pairs
    kernels = [lambda d, s=s: math.exp(-d / (s * median)) for s in (0.5, 2.0)]
    expected = sum(naive(a, b, kernel, biased) for kernel in kernels) / 2
    estimator = "biased" if biased else "unbiased"
    value = Mmd(bandwidths=(0.5, 2.0), estimator=estimator)(a, b).item()
    assert value == pytest.approx(expected, abs=1e-10)


def test_equal_batches_are_at_no_distance(draw):
    a = draw(6, 3)
    assert Mmd()(a, a).item() == pytest.approx(0, abs=1e-12)


def test_the_biased_estimate_is_never_negative(draw):
    assert (Mmd()(draw(50, 4, 3), draw(50, 4, 3)) >= 0).all()


def test_its_gradient_is_right(draw):
    inputs = draw(4, 2).requires_grad_(), draw(4, 2).requires_grad_()
    assert torch.autograd.gradcheck(Mmd(scale=1.0), inputs)


def test_without_a_second_batch_the_first_is_compared_with_fresh_gaussians(draw):
    a, criterion = draw(2, 5, 3), Mmd(kernel="mfm")
    torch.manual_seed(7)
    values = criterion(a), criterion(a)
    torch.manual_seed(7)
    for value in values:
        torch.testing.assert_close(value, criterion(a, torch.randn_like(a)))
    assert not torch.equal(*values)


def test_many_gaussians_are_nearer_to_the_normal_than_shifted_ones(draw):
    torch.manual_seed(0)
    a = draw(400, 3)
    assert Mmd()(a) < 0.02 < Mmd()(a + 1)


def test_a_bandwidth_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="bandwidths and scale are positive"):
        Mmd(bandwidths=(0.0,))
