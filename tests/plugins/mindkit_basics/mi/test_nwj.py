import math

import pytest
import torch

from mindkit_basics.mi.jsd import jsd
from mindkit_basics.mi.mine import dv
from mindkit_basics.mi.nwj import Nwj, nwj


def test_it_meets_the_reference_value(true_and_false):
    assert nwj(*true_and_false).item() == pytest.approx(-0.7258150, abs=5e-8)


@pytest.mark.parametrize("critic", ["concat", "bilinear", "separable"])
@pytest.mark.parametrize("negatives", ["shift", "offdiag"])
@pytest.mark.parametrize("gradient", ["own", "jsd"])
def test_it_is_what_loops_over_pairs_give(draw, every_score, parted, critic, negatives, gradient):
    options = {"critic": critic, "hidden": 4, "negatives": negatives, "gradient": gradient}
    estimator = Nwj(3, 2, 1, **options).double()
    x, z = draw(5, 3), draw(5, 2)
    true, false = parted(every_score(estimator.critic, x, z), negatives)
    if gradient == "jsd":  # whose best critic is 1 lower
        true, false = [one + 1 for one in true], [one + 1 for one in false]
    exponentials = sum(math.exp(one - 1) for one in false) / len(false)
    expected = sum(true) / len(true) - exponentials
    assert estimator(x, z).item() == pytest.approx(expected, abs=1e-9)


def test_the_gradient_of_jsd_moves_critic_and_representations_as_jsd_does(draw, gradients):
    estimator = Nwj(3, 2, 1, hidden=4, gradient="jsd").double()
    x, z = draw(5, 3).requires_grad_(), draw(5, 2).requires_grad_()
    scores = estimator.critic.cross(*estimator.critic.halves(x, z))
    false = torch.stack([scores[i, j] for i in range(5) for j in range(5) if i != j])
    expected = gradients(jsd(scores.diagonal(), false), estimator, x, z)
    assert torch.allclose(gradients(estimator(x, z), estimator, x, z), expected, atol=1e-12)


def test_it_is_at_most_donsker_varadhan_and_meets_it_one_above_the_log_ratio(draw):
    true, false = 3 * draw(100, 5), 3 * draw(100, 20)
    assert (nwj(true, false) <= dv(true, false) + 1e-12).all()
    best = 1 - (false.exp().mean(-1, keepdim=True)).log()
    assert torch.allclose(nwj(true + best, false + best), dv(true, false), atol=1e-12)


def test_a_common_order_does_not_matter(draw):
    estimator = Nwj(3, 2, 1, hidden=4).double()
    x, z, order = draw(5, 3), draw(5, 2), torch.tensor([4, 1, 0, 3, 2])
    assert estimator(x[order], z[order]).item() == pytest.approx(estimator(x, z).item(), rel=1e-12)


def test_its_gradient_is_right(draw):
    assert torch.autograd.gradcheck(nwj, (draw(5).requires_grad_(), draw(20).requires_grad_()))


def test_a_single_sample_is_refused():
    with pytest.raises(ValueError, match=r"x \(1, 3\) has no negatives; use at least 2 samples"):
        Nwj(3, 2, 1, hidden=4)(torch.zeros(1, 3), torch.zeros(1, 2))
