import math

import pytest
import torch

from mindkit_basics.criteria.supcon import Supcon


def naive(x, labels, temperature, near):
    """Anchor by anchor."""
    rows = [[v / math.sqrt(sum(u * u for u in row)) for v in row] for row in x.tolist()]
    values = []
    for i, p in enumerate(rows):
        scores = {
            a: sum(u * v for u, v in zip(p, q, strict=True)) / temperature
            for a, q in enumerate(rows)
            if a != i
        }
        total = math.log(sum(math.exp(s) for s in scores.values()))
        positive = [s for a, s in scores.items() if near(labels[a], labels[i])]
        if positive:
            values.append(-sum(s - total for s in positive) / len(positive))
    return sum(values) / len(values) if values else 0.0


def test_it_meets_its_reference_value(x):
    labels = torch.tensor([0, 0, 1, 1, 1])
    assert Supcon(temperature=0.5)(x, labels).item() == pytest.approx(2.4204335, abs=5e-8)


def test_classes_must_be_equal_and_numbers_near(draw):
    x = draw(7, 3)
    classes = [0, 1, 2, 0, 1, 0, 3]
    expected = naive(x, classes, 0.2, lambda p, q: p == q)
    value = Supcon(temperature=0.2, alike=2.0)(x, torch.tensor(classes)).item()
    assert value == pytest.approx(expected, abs=1e-10)
    numbers = [0.0, 0.4, 1.0, -2.0, -1.7, 3.0, 0.9]
    expected = naive(x, numbers, 0.2, lambda p, q: abs(p - q) <= 0.5)
    value = Supcon(temperature=0.2)(x, torch.tensor(numbers, dtype=torch.float64)).item()
    assert value == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(
    ("alike", "near"),
    [("rounded", lambda p, q: round(p) == round(q)), ("sign", lambda p, q: p * q > 0 or p == q)],
)
def test_numbers_may_be_alike_when_rounded_or_by_sign(draw, alike, near):
    x, numbers = draw(7, 3), [0.0, 0.4, 1.0, -2.0, -1.7, 3.0, 0.9]
    expected = naive(x, numbers, 0.2, near)
    labels = torch.tensor(numbers, dtype=torch.float64)
    value = Supcon(temperature=0.2, alike=alike)(x, labels).item()
    assert value == pytest.approx(expected, abs=1e-10)


def test_a_batch_without_positives_gives_nothing_and_a_finite_gradient(draw):
    x = draw(4, 3).requires_grad_()
    value = Supcon()(x, torch.arange(4))
    value.backward()
    assert value.item() == 0
    assert x.grad.isfinite().all()


def test_its_gradient_is_right(draw):
    labels = torch.tensor([0, 0, 1, 1, 1])
    x = draw(5, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: Supcon(temperature=0.5)(z, labels), (x,))


def test_options_without_meaning_are_refused():
    with pytest.raises(ValueError, match="alike is a distance of labels, 0 or more"):
        Supcon(alike=-1.0)
    with pytest.raises(ValueError, match="temperature is positive"):
        Supcon(temperature=0.0)
