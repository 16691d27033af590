import math

import pytest
import torch

from mindkit_basics.mi.infonce import Infonce, infonce


def by_hand(scores):
    size, total = len(scores), 0.0
    for i, row in enumerate(scores):
        total += row[i] - math.log(sum(math.exp(value) for value in row))
    return math.log(size) + total / size


def test_it_meets_the_reference_value(cosines):
    assert infonce(cosines).item() == pytest.approx(-0.4873210, abs=5e-8)


def test_a_temperature_meets_the_reference_loss_of_both_directions(cosines):
    rows, columns = infonce(cosines / 0.5), infonce(cosines.mT / 0.5)
    assert math.log(5) - rows.item() == pytest.approx(2.7612696, abs=5e-8)
    assert math.log(5) - (rows + columns).item() / 2 == pytest.approx(2.7481501, abs=5e-8)


@pytest.mark.parametrize("critic", ["concat", "bilinear", "separable"])
@pytest.mark.parametrize("symmetric", [False, True])
def test_it_is_what_loops_over_pairs_give(draw, every_score, critic, symmetric):
    estimator = Infonce(3, 2, 1, critic=critic, hidden=4, symmetric=symmetric).double()
    x, z = draw(5, 3), draw(5, 2)
    scores = every_score(estimator.critic, x, z)
    expected = by_hand(scores)
    if symmetric:
        expected = (expected + by_hand(list(zip(*scores, strict=True)))) / 2
    assert estimator(x, z).item() == pytest.approx(expected, abs=1e-9)


def test_the_value_is_at_most_the_logarithm_of_the_batch(draw):
    assert (infonce(50 * draw(100, 7, 7)) <= math.log(7) + 1e-12).all()
    perfect = 100 * torch.eye(7, dtype=torch.float64)
    assert infonce(perfect).item() == pytest.approx(math.log(7), abs=1e-12)


def test_a_number_for_each_x_changes_nothing(draw):
    scores = draw(5, 5)
    raised = scores + 100 * draw(5, 1)
    assert infonce(raised).item() == pytest.approx(infonce(scores).item(), abs=1e-10)


def test_a_common_order_does_not_matter(draw):
    estimator = Infonce(3, 2, 1, hidden=4).double()
    x, z, order = draw(5, 3), draw(5, 2), torch.tensor([4, 1, 0, 3, 2])
    assert estimator(x[order], z[order]).item() == pytest.approx(estimator(x, z).item(), rel=1e-12)


def test_a_temperature_bounds_what_growing_representations_give(draw):
    estimator = Infonce(3, 2, 1, critic="separable", hidden=4, temperature=1.0).double()
    scores = estimator.critic.cross(*estimator.critic.halves(1e6 * draw(5, 3), 1e6 * draw(5, 2)))
    assert scores.abs().max() <= 1 + 1e-12


def test_large_scores_stay_finite():
    scores = torch.tensor([[1e4, -1e4], [1e4, -1e4]], requires_grad=True)
    value = infonce(scores)
    value.backward()
    assert value.item() == pytest.approx(math.log(2) - 1e4)
    assert scores.grad.isfinite().all()


def test_its_gradient_is_right(draw):
    assert torch.autograd.gradcheck(infonce, draw(2, 4, 4).requires_grad_())


def test_a_single_sample_is_refused():
    with pytest.raises(ValueError, match=r"x \(1, 3\) has no negatives; use at least 2 samples"):
        Infonce(3, 2, 1, hidden=4)(torch.zeros(1, 3), torch.zeros(1, 2))
