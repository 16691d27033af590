import math

import pytest
import torch

from mindkit_basics.criteria.nt_xent import NtXent


def naive(a, b, temperature, together=False, labels=None):
    """Sample by sample: the share of the own one among the scores that count."""

    def cosine(p, q):
        dot = sum(u * v for u, v in zip(p, q, strict=True))
        return dot / math.sqrt(sum(u * u for u in p) * sum(v * v for v in q))

    total = 0.0
    for i, p in enumerate(a.tolist()):
        negative = [j for j in range(len(a)) if j != i and (not labels or labels[j] != labels[i])]
        scores = {j: math.exp(cosine(p, b[j].tolist()) / temperature) for j in [i, *negative]}
        beside = [math.exp(cosine(p, a[j].tolist()) / temperature) for j in negative]
        total -= math.log(scores[i] / (sum(scores.values()) + sum(beside) * together))
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


def test_negatives_may_be_the_vectors_of_both_sides(draw):
    a, b = draw(6, 3), draw(6, 3)
    expected = (naive(a, b, 0.3, together=True) + naive(b, a, 0.3, together=True)) / 2
    value = NtXent(temperature=0.3, negatives="all")(a, b).item()
    assert value == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("together", [False, True])
def test_samples_of_one_label_are_no_negatives_where_labels_are_given(draw, together):
    a, b, labels = draw(6, 3), draw(6, 3), [0, 1, 0, 2, 2, 0]
    options = {"direction": "forward", "negatives": "all" if together else "across"}
    value = NtXent(temperature=0.3, **options)(a, b, torch.tensor(labels)).item()
    assert value == pytest.approx(naive(a, b, 0.3, together, labels), abs=1e-10)


def test_numbers_are_one_label_by_the_rule_for_them(draw):
    a, b = draw(4, 3), draw(4, 3)
    numbers = torch.tensor([0.6, 1.4, -2.0, -0.1], dtype=torch.float64)
    value = NtXent(temperature=0.3, direction="forward", alike="rounded")(a, b, numbers).item()
    assert value == pytest.approx(naive(a, b, 0.3, labels=[1, 1, -2, 0]), abs=1e-10)


def test_a_batch_of_one_label_gives_zero_and_a_finite_gradient(draw):
    a = draw(4, 3).requires_grad_()
    value = NtXent()(a, draw(4, 3), torch.ones(4, dtype=torch.int64))
    value.backward()
    assert value.item() == 0
    assert a.grad.isfinite().all()


def test_labels_go_with_each_row(draw):
    a, b, labels = draw(2, 5, 3), draw(2, 5, 3), torch.tensor([[0, 0, 1, 1, 2], [3, 4, 4, 4, 3]])
    rows = [NtXent()(*row).item() for row in zip(a, b, labels, strict=True)]
    assert NtXent()(a, b, labels).tolist() == pytest.approx(rows, rel=1e-12)


def test_the_scale_of_the_vectors_does_not_matter(draw):
    a, b = draw(6, 3), draw(6, 3)
    assert NtXent()(7 * a, b).item() == pytest.approx(NtXent()(a, b).item(), rel=1e-9)


def test_a_low_temperature_stays_finite(draw):
    a = draw(6, 3).float().requires_grad_()
    NtXent(temperature=1e-4)(a, draw(6, 3).float()).backward()
    assert a.grad.isfinite().all()


@pytest.mark.parametrize("labels", [None, torch.tensor([0, 1, 1, 2])])
def test_its_gradient_is_right(draw, labels):
    inputs = draw(4, 3).requires_grad_(), draw(4, 3).requires_grad_()
    nt_xent = NtXent(temperature=0.5, negatives="all")
    assert torch.autograd.gradcheck(lambda a, b: nt_xent(a, b, labels), inputs)


def test_a_temperature_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="temperature is positive, got 0"):
        NtXent(temperature=0.0)


def test_a_negative_distance_of_labels_is_refused():
    with pytest.raises(ValueError, match="alike is a distance of labels, 0 or more"):
        NtXent(alike=-1.0)


def test_a_rule_for_labels_without_labels_is_refused(draw):
    with pytest.raises(ValueError, match="alike is sign, but no labels are given; add target"):
        NtXent(alike="sign")(draw(4, 3), draw(4, 3))
