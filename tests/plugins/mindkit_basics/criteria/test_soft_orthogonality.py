import math

import pytest
import torch

from mindkit_basics.criteria.soft_orthogonality import SoftOrthogonality


def naive(a, b, centre):
    """Sum over pairs of features, in loops."""

    def unit(z):
        rows = z.tolist()
        if centre:
            means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
            rows = [[v - m for v, m in zip(row, means, strict=True)] for row in rows]
        lengths = [math.sqrt(sum(v * v for v in row)) + 1e-6 for row in rows]
        return [[v / length for v in row] for row, length in zip(rows, lengths, strict=True)]

    left, right = unit(a), unit(b)
    return sum(
        sum(p[i] * q[j] for p, q in zip(left, right, strict=True)) ** 2
        for i in range(a.shape[1])
        for j in range(b.shape[1])
    )


@pytest.mark.parametrize(
    ("centre", "mean", "total"), [(True, 0.9203297, 8.2829669), (False, 0.6745301, 6.0707707)]
)
def test_each_form_meets_its_reference_value(x, y, centre, mean, total):
    criterion = SoftOrthogonality(centre=centre)
    assert criterion(x, y).item() == pytest.approx(mean, abs=5e-8)
    criterion = SoftOrthogonality(centre=centre, entries="sum")
    assert criterion(x, y).item() == pytest.approx(total, abs=5e-8)


@pytest.mark.parametrize("centre", [True, False])
@pytest.mark.parametrize("widths", [(3, 2), (9, 8)], ids=["narrow", "wide"])
def test_it_is_what_loops_over_features_give(draw, centre, widths):
    a, b = draw(6, widths[0]), draw(6, widths[1])
    expected = naive(a, b, centre)
    for detach_norm in (True, False):
        criterion = SoftOrthogonality(centre=centre, entries="sum", detach_norm=detach_norm)
        assert criterion(a, b).item() == pytest.approx(expected, abs=1e-9)


def test_orthogonal_features_are_at_zero():
    a = torch.tensor([[1.0, 0], [-1, 0], [0, 0], [0, 0]])
    b = torch.tensor([[0.0, 0], [0, 0], [1, 0], [-1, 0]])
    assert SoftOrthogonality()(a, b).item() == pytest.approx(0, abs=1e-12)


def test_a_detached_norm_is_a_constant_for_the_gradient(draw):
    a, b = draw(6, 3), draw(6, 3)

    def gradient(detach_norm):
        x = a.clone().requires_grad_()
        SoftOrthogonality(centre=False, detach_norm=detach_norm)(x, b).backward()
        return x.grad

    free = gradient(False)
    assert (free * a).sum(1).abs().max() < 1e-6  # lengths have no part in the value
    assert (gradient(True) * a).sum(1).abs().max() > 1e-3


def test_its_gradient_is_right(draw):
    inputs = draw(5, 3).requires_grad_(), draw(5, 2).requires_grad_()
    assert torch.autograd.gradcheck(SoftOrthogonality(detach_norm=False), inputs)


def test_equal_samples_have_a_finite_gradient(draw):
    a = torch.ones(6, 3, dtype=torch.float64, requires_grad=True)
    SoftOrthogonality(detach_norm=False)(a, draw(6, 3)).backward()
    assert a.grad.isfinite().all()
