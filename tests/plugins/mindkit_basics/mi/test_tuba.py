import math

import pytest
import torch

from mindkit_basics.mi.critics import make_critic
from mindkit_basics.mi.mine import dv
from mindkit_basics.mi.negatives import offdiagonal
from mindkit_basics.mi.nwj import nwj
from mindkit_basics.mi.tuba import Tuba


class Given(torch.nn.Module):
    """A critic whose scores of all pairs are given."""

    def __init__(self, scores):
        super().__init__()
        self.scores = scores

    def halves(self, x, z):
        return x, z

    def cross(self, x, z):
        return self.scores


def on_scores(scores, **options):
    """TUBA of given scores; x and z, of which nothing is read, are as many zeros."""
    estimator = Tuba(1, 1, 1, hidden=2, **options).double()
    estimator.critic = Given(scores)
    nothing = scores.new_zeros(len(scores), 1)
    return estimator(nothing, nothing).item()


def test_a_baseline_of_one_meets_the_reference_value(cosines):
    assert on_scores(cosines, baseline=1.0) == pytest.approx(-0.6711938, abs=5e-8)


def test_a_learned_baseline_begins_at_one(cosines):
    assert on_scores(cosines, baseline="learned") == pytest.approx(-0.6711938, abs=5e-8)


def test_a_baseline_of_e_is_nwj(cosines, true_and_false):
    expected = nwj(*true_and_false).item()
    assert on_scores(cosines, baseline=math.e) == pytest.approx(expected, abs=1e-12)


def test_the_mean_exponential_as_baseline_is_donsker_varadhan_and_the_largest(
    cosines, true_and_false
):
    best = true_and_false[1].exp().mean().item()
    top = dv(*true_and_false).item()
    assert on_scores(cosines, baseline=best) == pytest.approx(top, abs=1e-12)
    for other in (best / 2, best * 1.1, 10.0):
        assert on_scores(cosines, baseline=other) < top


@pytest.mark.parametrize("critic", ["concat", "bilinear", "separable"])
@pytest.mark.parametrize("negatives", ["shift", "offdiag"])
@pytest.mark.parametrize("baseline", [0.7, "learned", "network"])
def test_it_is_what_loops_over_pairs_give(draw, naive, every_score, critic, negatives, baseline):
    options = {"critic": critic, "hidden": 4, "negatives": negatives, "baseline": baseline}
    estimator = Tuba(3, 2, 1, **options).double()
    x, z, size = draw(5, 3), draw(5, 2), 5
    if baseline == "network":
        linears = [m for m in estimator.network.modules() if hasattr(m, "d_in")]
        a = [math.exp(naive.network(one, linears, lambda v: max(v, 0))[0]) for one in z.tolist()]
    elif baseline == "learned":
        torch.nn.init.constant_(estimator.log_a, 0.3)
        a = [math.exp(0.3)] * size
    else:
        a = [baseline] * size
    scores = every_score(estimator.critic, x, z)
    pairs = {
        "shift": [(i, (i + 1) % size) for i in range(size)],
        "offdiag": [(i, j) for i in range(size) for j in range(size) if i != j],
    }[negatives]
    true = sum(scores[i][i] for i in range(size)) / size
    false = sum(math.exp(scores[i][j]) / a[j] for i, j in pairs) / len(pairs)
    expected = true - false - sum(map(math.log, a)) / size + 1
    assert estimator(x, z).item() == pytest.approx(expected, abs=1e-9)


def test_a_random_negative_carries_its_own_baseline(draw):
    estimator = Tuba(3, 2, 1, hidden=4, negatives="derangement").double()
    estimator.critic = make_critic("bilinear", 3, 2, 1, 0, 0).double()
    torch.nn.init.zeros_(estimator.critic.of_x.weight)
    z = draw(5, 2)
    log_a = estimator.network(z).squeeze(-1)
    # All scores are 0, and a derangement keeps the set of baselines: the draw does not matter.
    expected = 1 - (-log_a).exp().mean() - log_a.mean()
    assert estimator(draw(5, 3), z).item() == pytest.approx(expected.item(), abs=1e-12)


def test_copies_learn_their_own_number(draw):
    estimator = Tuba(3, 2, 2, hidden=4, baseline="learned").double()
    (gradient,) = torch.autograd.grad(
        estimator(draw(3, 2, 5, 3), draw(3, 2, 5, 2)).sum(), estimator.log_a
    )
    assert gradient.shape == (2, 1)
    assert gradient.unique().numel() == 2


def test_the_gradient_goes_to_the_baseline_too(draw, gradients):
    estimator = Tuba(3, 2, 1, hidden=4).double()
    x, z = draw(5, 3).requires_grad_(), draw(5, 2).requires_grad_()
    scores = estimator.critic.cross(*estimator.critic.halves(x, z))
    log_a = estimator.network(z).squeeze(-1)
    false = offdiagonal((scores - log_a).exp()).mean()
    value = scores.diagonal().mean() - false - log_a.mean() + 1
    expected = gradients(value, estimator, x, z)
    assert torch.allclose(gradients(estimator(x, z), estimator, x, z), expected, atol=1e-12)


def test_a_common_order_does_not_matter(draw):
    estimator = Tuba(3, 2, 1, hidden=4).double()
    x, z, order = draw(5, 3), draw(5, 2), torch.tensor([4, 1, 0, 3, 2])
    assert estimator(x[order], z[order]).item() == pytest.approx(estimator(x, z).item(), rel=1e-12)


def test_a_baseline_that_is_not_positive_is_refused():
    with pytest.raises(ValueError, match="a number above 0, learned or network, got 0"):
        Tuba(3, 2, 1, baseline=0.0)
