import pytest
import torch

from mindkit_basics.mi.club import Club, club


def test_it_meets_the_reference_value(x, y):
    assert club(y, x, torch.zeros_like(x)).item() == pytest.approx(-1.52, abs=1e-12)


@pytest.mark.parametrize("variance", ["learned", "unit"])
def test_it_is_what_loops_over_pairs_give(draw, every_log_q, variance):
    estimator = Club(3, 2, 1, hidden=4, variance=variance).double()
    x, z = draw(5, 3), draw(5, 2)
    scores = every_log_q(estimator.conditional, x, z)
    expected = sum(scores[i][i] for i in range(5)) / 5 - sum(map(sum, scores)) / 25
    assert estimator(x, z).item() == pytest.approx(expected, abs=1e-12)


def test_independent_of_x_it_is_zero(draw):
    mean, v = draw(1, 2).expand(5, 2), draw(1, 2).expand(5, 2)
    assert club(draw(5, 2), mean, v).item() == pytest.approx(0, abs=1e-12)


def test_a_common_shift_of_sample_and_mean_does_not_matter(draw):
    z, mean, v = draw(5, 2), draw(5, 2), draw(5, 2)
    shifted = club(z + 10, mean + 10, v).item()
    assert shifted == pytest.approx(club(z, mean, v).item(), abs=1e-10)


def test_a_common_order_does_not_matter(draw):
    estimator = Club(3, 2, 1, hidden=4).double()
    x, z, order = draw(5, 3), draw(5, 2), torch.tensor([4, 1, 0, 3, 2])
    assert estimator(x[order], z[order]).item() == pytest.approx(estimator(x, z).item(), rel=1e-12)


def test_its_gradient_is_right(draw):
    inputs = [draw(4, 3).requires_grad_() for _ in range(3)]
    assert torch.autograd.gradcheck(club, inputs)


def test_clamped_it_is_never_negative_and_pushes_nothing_then(x, y):
    plain, clamped = (
        Club(3, 3, 1, layers=0, variance="unit", clamp=c).double() for c in (False, True)
    )
    clamped.load_state_dict(plain.state_dict())
    with torch.no_grad():
        for estimator in (plain, clamped):
            estimator.conditional.mean[0].weight.copy_(torch.eye(3))
            estimator.conditional.mean[0].bias.zero_()
    assert plain(x, y).item() == pytest.approx(-1.52, abs=1e-12)
    assert plain(x, -y).item() == clamped(x, -y).item() > 0
    leaf = x.clone().requires_grad_()
    value = clamped(leaf, y)
    assert value.item() == 0
    assert not torch.autograd.grad(value, leaf)[0].any()


def test_a_single_sample_is_refused():
    with pytest.raises(ValueError, match=r"x \(1, 3\) has no negatives; use at least 2 samples"):
        Club(3, 2, 1, hidden=4)(torch.zeros(1, 3), torch.zeros(1, 2))
