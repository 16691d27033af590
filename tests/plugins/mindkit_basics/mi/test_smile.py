import math

import pytest
import torch

from mindkit_basics.mi.jsd import jsd
from mindkit_basics.mi.mine import dv
from mindkit_basics.mi.negatives import offdiagonal
from mindkit_basics.mi.smile import Smile, smile


def test_it_meets_the_reference_value(true_and_false):
    assert smile(*true_and_false, 0.5).item() == pytest.approx(-0.4510938, abs=5e-8)


@pytest.mark.parametrize("critic", ["concat", "bilinear", "separable"])
@pytest.mark.parametrize("negatives", ["shift", "offdiag"])
@pytest.mark.parametrize("gradient", ["own", "jsd"])
def test_it_is_what_loops_over_pairs_give(draw, every_score, parted, critic, negatives, gradient):
    options = {"critic": critic, "hidden": 4, "negatives": negatives, "gradient": gradient}
    estimator = Smile(3, 2, 1, clip=0.05, **options).double()
    x, z = draw(5, 3), draw(5, 2)
    true, false = parted(every_score(estimator.critic, x, z), negatives)
    assert max(map(abs, false)) > 0.05
    clipped = [math.exp(min(max(one, -0.05), 0.05)) for one in false]
    expected = sum(true) / len(true) - math.log(sum(clipped) / len(clipped))
    assert estimator(x, z).item() == pytest.approx(expected, abs=1e-9)


def test_it_moves_critic_and_representations_as_jsd_does(draw, gradients):
    estimator = Smile(3, 2, 1, hidden=4).double()
    x, z = draw(5, 3).requires_grad_(), draw(5, 2).requires_grad_()
    scores = estimator.critic.cross(*estimator.critic.halves(x, z))
    expected = gradients(jsd(scores.diagonal(), offdiagonal(scores)), estimator, x, z)
    assert torch.allclose(gradients(estimator(x, z), estimator, x, z), expected, atol=1e-12)


def test_its_own_gradient_is_that_of_the_value(draw, gradients):
    estimator = Smile(3, 2, 1, hidden=4, clip=0.05, gradient="own").double()
    x, z = draw(5, 3).requires_grad_(), draw(5, 2).requires_grad_()
    scores = estimator.critic.cross(*estimator.critic.halves(x, z))
    value = smile(scores.diagonal(), offdiagonal(scores), 0.05)
    expected = gradients(value, estimator, x, z)
    assert torch.allclose(gradients(estimator(x, z), estimator, x, z), expected, atol=1e-12)


def test_without_clipping_it_is_donsker_varadhan(draw):
    true, false = 9 * draw(10, 5), 9 * draw(10, 20)
    assert torch.equal(smile(true, false, math.inf), dv(true, false))


def test_the_normaliser_is_never_beyond_the_clip(draw):
    true, false = torch.zeros(10, 5), 99 * draw(10, 20)
    assert (smile(true, false, 2.0).abs() <= 2).all()


def test_its_gradient_is_right(draw):
    true, false = draw(5).requires_grad_(), (0.4 * draw(20).tanh()).requires_grad_()
    assert torch.autograd.gradcheck(lambda *scores: smile(*scores, 0.5), (true, false))


@pytest.mark.parametrize("clip", [0.0, -1.0, math.nan])
def test_a_clip_that_is_not_positive_is_refused(clip):
    with pytest.raises(ValueError, match="clip is a positive number of nats, got"):
        Smile(3, 2, 1, clip=clip)
