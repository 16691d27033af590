import math

import pytest
import torch

from mindkit_basics.mi.leave_one_out import LeaveOneOut, leave_one_out


def test_it_meets_the_reference_value(x, y):
    value = leave_one_out(y, x, torch.zeros_like(x)).item()
    assert value == pytest.approx(-2.8926425, abs=5e-8)


@pytest.mark.parametrize("variance", ["learned", "unit"])
def test_it_is_what_loops_over_pairs_give(draw, every_log_q, variance):
    estimator = LeaveOneOut(3, 2, 1, hidden=4, variance=variance).double()
    x, z, size = draw(5, 3), draw(5, 2), 5
    scores = every_log_q(estimator.conditional, x, z)
    expected = 0.0
    for i in range(size):
        others = sum(math.exp(scores[i][j]) for j in range(size) if j != i) / (size - 1)
        expected += (scores[i][i] - math.log(others)) / size
    assert estimator(x, z).item() == pytest.approx(expected, abs=1e-12)


def test_independent_of_x_it_is_zero(draw):
    mean, v = draw(1, 2).expand(5, 2), draw(1, 2).expand(5, 2)
    assert leave_one_out(draw(5, 2), mean, v).item() == pytest.approx(0, abs=1e-12)


def test_a_common_order_does_not_matter(draw):
    estimator = LeaveOneOut(3, 2, 1, hidden=4).double()
    x, z, order = draw(5, 3), draw(5, 2), torch.tensor([4, 1, 0, 3, 2])
    assert estimator(x[order], z[order]).item() == pytest.approx(estimator(x, z).item(), rel=1e-12)


def test_unlikely_samples_stay_finite():
    z = torch.tensor([[1e3], [-1e3], [0.0]], requires_grad=True)
    value = leave_one_out(z, z.detach(), torch.full((3, 1), -1.0))
    value.backward()
    assert value.isfinite() and z.grad.isfinite().all()


def test_its_gradient_is_right(draw):
    inputs = [draw(4, 3).requires_grad_() for _ in range(3)]
    assert torch.autograd.gradcheck(leave_one_out, inputs)


def test_clamped_it_is_never_negative(draw):
    plain, clamped = (
        LeaveOneOut(3, 2, 1, hidden=4, clamp=clamp).double() for clamp in (False, True)
    )
    clamped.load_state_dict(plain.state_dict())
    batches = zip(draw(20, 5, 3), draw(20, 5, 2), strict=True)
    values = [(plain(*batch).item(), clamped(*batch).item()) for batch in batches]
    assert min(value for value, _ in values) < 0
    assert all(limited == max(value, 0) for value, limited in values)


def test_a_single_sample_is_refused():
    with pytest.raises(ValueError, match=r"x \(1, 3\) has no negatives; use at least 2 samples"):
        LeaveOneOut(3, 2, 1, hidden=4)(torch.zeros(1, 3), torch.zeros(1, 2))
