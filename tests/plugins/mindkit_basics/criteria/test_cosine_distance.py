import math

import pytest
import torch

from mindkit_basics.criteria.cosine_distance import CosineDistance
from mindkit_basics.criteria.statistics import row_cosines


def naive(a, b):
    values = []
    for p, q in zip(a.tolist(), b.tolist(), strict=True):
        dot = sum(u * v for u, v in zip(p, q, strict=True))
        values.append(dot / math.sqrt(sum(u * u for u in p) * sum(v * v for v in q)))
    return values


def test_the_cosines_meet_their_reference_values(x, y):
    expected = [0.2, 0, -0.3162278, 0, -0.7619048]
    assert row_cosines(x, y).tolist() == pytest.approx(expected, abs=5e-8)


def test_it_meets_its_reference_value(x, y):
    assert CosineDistance()(x, y).item() == pytest.approx(1.1756265, abs=5e-8)


def test_it_is_what_a_loop_over_samples_gives(draw):
    a, b = draw(6, 3), draw(6, 3)
    expected = sum(1 - c for c in naive(a, b)) / 6
    assert CosineDistance()(a, b).item() == pytest.approx(expected, abs=1e-12)


def test_a_zero_vector_counts_as_orthogonal_with_a_finite_gradient(draw):
    a = torch.zeros(4, 3, dtype=torch.float64, requires_grad=True)
    value = CosineDistance()(a, draw(4, 3))
    value.backward()
    assert value.item() == 1
    assert a.grad.isfinite().all()


def test_unlike_shapes_are_refused(draw):
    with pytest.raises(ValueError, match=r"must have one shape, got \(6, 3\) and \(6, 2\)"):
        CosineDistance()(draw(6, 3), draw(6, 2))
