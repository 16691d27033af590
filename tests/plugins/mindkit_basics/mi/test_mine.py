import math

import pytest
import torch

from mindkit_basics.mi.mine import Mine, dv
from mindkit_basics.mi.negatives import offdiagonal


def all_scores(estimator, x, z):
    return estimator.critic.cross(*estimator.critic.halves(x, z))


def log_mean(scores):
    """log of the mean of exp over all negatives, by loops, of (R, B, B)."""
    values = [math.exp(one) for one in offdiagonal(scores).flatten().tolist()]
    return math.log(sum(values) / len(values))


def test_it_meets_the_reference_value(true_and_false):
    assert dv(*true_and_false).item() == pytest.approx(-0.5781321, abs=5e-8)


@pytest.mark.parametrize("critic", ["concat", "bilinear", "separable"])
@pytest.mark.parametrize("negatives", ["shift", "offdiag"])
@pytest.mark.parametrize("average", [0.01, 1.0])
def test_it_is_what_loops_over_pairs_give(draw, every_score, parted, critic, negatives, average):
    options = {"critic": critic, "hidden": 4, "negatives": negatives, "average": average}
    estimator = Mine(3, 2, 1, **options).double()
    estimator(draw(5, 3), draw(5, 2))  # the average is of another batch, the value is not
    x, z = draw(5, 3), draw(5, 2)
    true, false = parted(every_score(estimator.critic, x, z), negatives)
    exponentials = sum(math.exp(one) for one in false) / len(false)
    expected = sum(true) / len(true) - math.log(exponentials)
    assert estimator(x, z).item() == pytest.approx(expected, abs=1e-9)


def test_the_average_begins_with_the_first_batch_and_takes_its_share_of_each(draw):
    estimator = Mine(3, 2, 1, hidden=4, average=0.3).double()
    means = []
    for _ in range(3):
        x, z = 5 * draw(5, 3), 5 * draw(5, 2)
        means.append(math.exp(log_mean(all_scores(estimator, x, z))))
        estimator(x, z)
    expected = 0.7 * (0.7 * means[0] + 0.3 * means[1]) + 0.3 * means[2]
    assert estimator.log_mean.exp().tolist() == pytest.approx([expected], rel=1e-12)


def test_the_gradient_divides_by_the_average_in_place_of_the_batch(draw, gradients):
    estimator = Mine(3, 2, 1, hidden=4, average=0.3).double()
    first = draw(5, 3), draw(5, 2)
    x, z = draw(5, 3).requires_grad_(), draw(5, 2).requires_grad_()
    scores = all_scores(estimator, x, z)
    mean = 0.7 * math.exp(log_mean(all_scores(estimator, *first))) + 0.3 * math.exp(
        log_mean(scores)
    )
    surrogate = scores.diagonal().mean() - offdiagonal(scores).exp().mean() / mean
    expected = gradients(surrogate, estimator, x, z)
    estimator(*first)
    assert torch.allclose(gradients(estimator(x, z), estimator, x, z), expected, atol=1e-12)


def test_an_average_of_one_gives_the_gradient_of_the_value(draw, gradients):
    estimator = Mine(3, 2, 1, hidden=4, average=1.0).double()
    estimator(draw(5, 3), draw(5, 2))
    x, z = draw(5, 3).requires_grad_(), draw(5, 2).requires_grad_()
    scores = all_scores(estimator, x, z)
    expected = gradients(dv(scores.diagonal(), offdiagonal(scores)), estimator, x, z)
    assert torch.allclose(gradients(estimator(x, z), estimator, x, z), expected, atol=1e-12)


@pytest.mark.parametrize("leading", [(2,), (3, 2)])
def test_each_copy_has_an_average_which_its_rows_share(draw, leading):
    estimator = Mine(3, 2, 2, hidden=4).double()
    x, z = draw(*leading, 5, 3), draw(*leading, 5, 2)
    estimator(x, z)
    scores = all_scores(estimator, x, z).unflatten(0, (-1, 2) if len(leading) == 1 else leading[:1])
    scores = scores.reshape(-1, 2, 5, 5)
    expected = [log_mean(scores[:, copy]) for copy in range(2)]
    assert estimator.log_mean.tolist() == pytest.approx(expected, abs=1e-12)


def test_evaluation_leaves_the_average_alone(draw):
    estimator = Mine(3, 2, 1, hidden=4).double()
    estimator(draw(5, 3), draw(5, 2))
    before = estimator.log_mean.clone()
    estimator.eval()(draw(5, 3), draw(5, 2))
    assert torch.equal(estimator.log_mean, before)


def test_the_average_is_saved_with_the_weights(draw):
    saved, fresh = (Mine(3, 2, 1, hidden=4).double() for _ in range(2))
    saved(draw(5, 3), draw(5, 2))
    fresh.load_state_dict(saved.state_dict())
    assert torch.equal(fresh.log_mean, saved.log_mean)


def test_large_scores_stay_finite(gradients):
    estimator = Mine(1, 1, 1, critic="bilinear")
    torch.nn.init.ones_(estimator.critic.of_x.weight)
    x, z = torch.tensor([[30.0], [-30.0]]), torch.tensor([[30.0], [-30.0]])
    x.requires_grad_()
    value = estimator(x, z)
    assert value.item() == pytest.approx(1800)
    assert gradients(value, estimator, x).isfinite().all()


def test_a_common_order_does_not_matter(draw):
    estimator = Mine(3, 2, 1, hidden=4).double()
    x, z, order = draw(5, 3), draw(5, 2), torch.tensor([4, 1, 0, 3, 2])
    assert estimator(x[order], z[order]).item() == pytest.approx(estimator(x, z).item(), rel=1e-12)


def test_its_gradient_is_right(draw):
    assert torch.autograd.gradcheck(dv, (draw(5).requires_grad_(), draw(20).requires_grad_()))


@pytest.mark.parametrize("average", [0.0, 1.5])
def test_a_share_that_is_none_is_refused(average):
    with pytest.raises(ValueError, match=f"a share above 0 and at most 1, got {average}"):
        Mine(3, 2, 1, average=average)
