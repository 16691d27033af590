import math

import pytest
import torch

from mindkit_basics.criteria.nt_xent import NtXent


def naive(a, b, temperature):
    """Sample by sample."""

    def cosine(p, q):
        dot = sum(u * v for u, v in zip(p, q, strict=True))
        return dot / math.sqrt(sum(u * u for u in p) * sum(v * v for v in q))

    total = 0.0
    for i, p in enumerate(a.tolist()):
        scores = [math.exp(cosine(p, q) / temperature) for q in b.tolist()]
        total -= math.log(scores[i] / sum(scores))
    return total / len(a)


def test_it_meets_its_reference_values(x, y):
    forward = NtXent(temperature=0.5, direction="forward")(x, y).item()
    assert forward == pytest.approx(2.7612696, abs=5e-8)
    assert NtXent(temperature=0.5)(x, y).item() == pytest.approx(2.7481501, abs=5e-8)


def test_each_direction_is_what_loops_give(draw):
    a, b = draw(6, 3), draw(6, 3)
    values = {d: NtXent(temperature=0.3, direction=d)(a, b).item() for d in _DIRECTIONS}
    assert values["forward"] == pytest.approx(naive(a, b, 0.3), abs=1e-10)
    assert values["backward"] == pytest.approx(naive(b, a, 0.3), abs=1e-10)
    assert values["both"] == pytest.approx((values["forward"] + values["backward"]) / 2)


_DIRECTIONS = ("forward", "backward", "both")


def test_the_scale_of_the_vectors_does_not_matter(draw):
    a, b = draw(6, 3), draw(6, 3)
    assert NtXent()(7 * a, b).item() == pytest.approx(NtXent()(a, b).item(), rel=1e-9)


def test_a_low_temperature_stays_finite(draw):
    a = draw(6, 3).float().requires_grad_()
    NtXent(temperature=1e-4)(a, draw(6, 3).float()).backward()
    assert a.grad.isfinite().all()


def test_its_gradient_is_right(draw):
    inputs = draw(4, 3).requires_grad_(), draw(4, 3).requires_grad_()
    assert torch.autograd.gradcheck(NtXent(temperature=0.5), inputs)


def test_a_temperature_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="temperature is positive, got 0"):
        NtXent(temperature=0.0)
