import math

import pytest
import torch

from mindkit_basics.mi.jsd import Jsd, jsd
from mindkit_basics.mi.negatives import moved


def softplus(value):
    return math.log1p(math.exp(value))


def test_off_diagonal_negatives_meet_the_reference_value(true_and_false):
    assert jsd(*true_and_false).item() == pytest.approx(-1.6782730, abs=5e-8)


def test_shifted_negatives_meet_the_reference_value(cosines):
    true, false = cosines.diagonal(), moved(cosines.mT, "shift").mT.diagonal()
    assert jsd(true, false).item() == pytest.approx(-1.7600321, abs=5e-8)


def test_a_critic_that_says_nothing_gives_minus_two_ln_two():
    estimator = Jsd(3, 2, 1, hidden=4)
    for parameter in estimator.parameters():
        torch.nn.init.zeros_(parameter)
    value = estimator(torch.randn(5, 3), torch.randn(5, 2)).item()
    assert value == pytest.approx(-2 * math.log(2))
    assert jsd(torch.zeros(5).double(), torch.zeros(5).double()).item() == pytest.approx(
        -1.3862944, abs=5e-8
    )


@pytest.mark.parametrize("critic", ["concat", "bilinear", "separable"])
@pytest.mark.parametrize("negatives", ["shift", "offdiag"])
def test_it_is_what_loops_over_pairs_give(draw, every_score, parted, critic, negatives):
    estimator = Jsd(3, 2, 1, critic=critic, hidden=4, negatives=negatives).double()
    x, z = draw(5, 3), draw(5, 2)
    true, false = parted(every_score(estimator.critic, x, z), negatives)
    right = [softplus(-one) for one in true]
    wrong = [softplus(one) for one in false]
    expected = -sum(right) / len(right) - sum(wrong) / len(wrong)
    assert estimator(x, z).item() == pytest.approx(expected, abs=1e-9)


def test_the_value_is_never_positive(draw):
    true, false = 50 * draw(100, 5), 50 * draw(100, 7)
    assert (jsd(true, false) <= 0).all()


def test_its_gradient_is_right(draw):
    scores = draw(5).requires_grad_(), draw(20).requires_grad_()
    assert torch.autograd.gradcheck(jsd, scores)


def test_a_common_order_does_not_matter_with_all_negatives(draw):
    estimator = Jsd(3, 2, 1, hidden=4, negatives="offdiag").double()
    x, z, order = draw(5, 3), draw(5, 2), torch.tensor([4, 1, 0, 3, 2])
    assert estimator(x[order], z[order]).item() == pytest.approx(estimator(x, z).item(), rel=1e-12)


def test_a_single_sample_is_refused():
    with pytest.raises(ValueError, match=r"x \(1, 3\) has no negatives; use at least 2 samples"):
        Jsd(3, 2, 1)(torch.zeros(1, 3), torch.zeros(1, 2))
