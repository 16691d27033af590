import pytest
import torch

from mindkit_basics.mi.club import club
from mindkit_basics.mi.club_sample import ClubSample, club_sample
from mindkit_basics.mi.negatives import moved


def test_it_meets_the_reference_value(x, y):
    value = club_sample(y, moved(y, "shift"), x, torch.zeros_like(x)).item()
    assert value == pytest.approx(-2.6, abs=1e-12)


@pytest.mark.parametrize("variance", ["learned", "unit"])
def test_it_is_what_loops_over_pairs_give(draw, every_log_q, variance):
    options = {"hidden": 4, "variance": variance, "negatives": "shift"}
    estimator = ClubSample(3, 2, 1, **options).double()
    x, z = draw(5, 3), draw(5, 2)
    scores = every_log_q(estimator.conditional, x, z)
    expected = sum(scores[i][i] - scores[(i + 1) % 5][i] for i in range(5)) / 5
    assert estimator(x, z).item() == pytest.approx(expected, abs=1e-12)


def test_the_mean_over_all_shifts_is_club_without_the_own_sample(draw):
    z, mean, v = draw(5, 2), draw(5, 2), draw(5, 2)
    values = [club_sample(z, z.roll(k, -2), mean, v).item() for k in range(1, 5)]
    assert sum(values) / 4 == pytest.approx(club(z, mean, v).item() * 5 / 4, abs=1e-12)


def test_a_derangement_differs_from_call_to_call(draw):
    torch.manual_seed(0)
    estimator = ClubSample(3, 2, 1, hidden=4).double()
    x, z = draw(6, 3), draw(6, 2)
    assert len({estimator(x, z).item() for _ in range(5)}) > 1


def test_its_gradient_is_right(draw):
    inputs = [draw(4, 3).requires_grad_() for _ in range(4)]
    assert torch.autograd.gradcheck(club_sample, inputs)


def test_clamped_it_is_never_negative(draw):
    options = {"hidden": 4, "negatives": "shift"}
    plain, clamped = (
        ClubSample(3, 2, 1, clamp=clamp, **options).double() for clamp in (False, True)
    )
    clamped.load_state_dict(plain.state_dict())
    batches = zip(draw(20, 5, 3), draw(20, 5, 2), strict=True)
    values = [(plain(*batch).item(), clamped(*batch).item()) for batch in batches]
    assert min(value for value, _ in values) < 0
    assert all(limited == max(value, 0) for value, limited in values)


def test_a_single_sample_is_refused():
    with pytest.raises(ValueError, match=r"x \(1, 3\) has no negatives; use at least 2 samples"):
        ClubSample(3, 2, 1, hidden=4)(torch.zeros(1, 3), torch.zeros(1, 2))
