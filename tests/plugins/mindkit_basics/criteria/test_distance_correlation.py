import math

import pytest
import torch

from mindkit_basics.criteria.distance_correlation import DistanceCorrelation


def naive(a, b):
    """dCov² of the V-statistic, entry by entry."""
    n = len(a)

    def centred(z):
        rows = z.tolist()
        d = [[math.dist(p, q) for q in rows] for p in rows]
        mean = [sum(row) / n for row in d]
        grand = sum(mean) / n
        return [[d[i][j] - mean[i] - mean[j] + grand for j in range(n)] for i in range(n)]

    left, right = centred(a), centred(b)
    return sum(left[i][j] * right[i][j] for i in range(n) for j in range(n)) / n**2


def test_it_meets_its_reference_values(x, y):
    assert naive(x, y) == pytest.approx(1.3738462, abs=1e-7)  # so that the reference is right
    assert DistanceCorrelation(eps=1e-16)(x, y).item() == pytest.approx(0.9156648, abs=5e-8)


def test_it_is_what_loops_over_pairs_of_samples_give(draw):
    a, b = draw(7, 3), draw(7, 2)
    expected = naive(a, b) / math.sqrt(naive(a, a) * naive(b, b))
    squared = DistanceCorrelation(squared=True, eps=1e-20)(a, b).item()
    assert squared == pytest.approx(expected, abs=1e-9)
    assert DistanceCorrelation(eps=1e-20)(a, b).item() == pytest.approx(
        math.sqrt(expected), abs=1e-9
    )


def test_rotation_and_scale_change_nothing(draw):
    a, b = draw(9, 3), draw(9, 3)
    turned = 4 * a @ torch.linalg.qr(draw(3, 3)).Q + 1
    plain, moved = (DistanceCorrelation()(z, b).item() for z in (a, turned))
    assert moved == pytest.approx(plain, abs=1e-6)


@pytest.mark.parametrize("squared", [False, True])
def test_it_is_symmetric_and_between_zero_and_one(draw, squared):
    correlation = DistanceCorrelation(squared=squared)
    a, b = draw(50, 7, 3), draw(50, 7, 2)
    values = correlation(a, b)
    assert torch.allclose(values, correlation(b, a), rtol=1e-12, atol=0)
    assert values.min() >= 0
    assert values.max() <= 1


def test_a_copy_depends_wholly(draw):
    a = draw(6, 3)
    assert DistanceCorrelation()(a, a).item() == pytest.approx(1, abs=1e-9)


def test_constant_input_gives_nothing_and_a_finite_gradient(draw):
    a = torch.ones(6, 3, dtype=torch.float64, requires_grad=True)
    value = DistanceCorrelation()(a, draw(6, 3))
    value.backward()
    assert value.item() == pytest.approx(0, abs=1e-5)
    assert a.grad.isfinite().all()
