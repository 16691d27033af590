import math

import pytest
import torch

from mindkit_basics.mi.club_cat import ClubCat, club_cat

LABELS = torch.tensor([0, 2, 2, 1, 2])


@pytest.fixture
def estimator():
    """A small one for three classes, of x of width 3."""
    torch.manual_seed(0)
    return ClubCat(3, 3, "classification", 1, hidden=4).double()


@pytest.fixture
def every_log_q(naive):
    """Return log q(c | x) for all x and classes, a list of rows."""

    def call(estimator, x):
        linears = [m for m in estimator.classifier if hasattr(m, "d_in")]
        rows = []
        for one in x.tolist():
            logits = naive.network(one, linears, lambda value: max(value, 0.0))
            whole = math.log(sum(map(math.exp, logits)))
            rows.append([logit - whole for logit in logits])
        return rows

    return call


def test_it_is_what_loops_over_pairs_give(draw, estimator, every_log_q):
    x, labels = draw(5, 3), LABELS.tolist()
    log_q = every_log_q(estimator, x)
    own = sum(log_q[i][labels[i]] for i in range(5)) / 5
    shuffled = sum(log_q[i][labels[j]] for i in range(5) for j in range(5)) / 25
    assert estimator(x, LABELS).item() == pytest.approx(own - shuffled, abs=1e-12)


def test_learning_minimises_the_cross_entropy(draw, estimator, every_log_q):
    x, labels = draw(5, 3), LABELS.tolist()
    log_q = every_log_q(estimator, x)
    expected = -sum(log_q[i][labels[i]] for i in range(5)) / 5
    assert estimator.learning_loss(x, LABELS).item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("sharpness", [0.5, 2.0])
def test_with_the_true_posterior_it_is_above_the_information(draw, sharpness):
    posterior = (sharpness * draw(4, 3)).softmax(1)  # of 3 classes, for 4 equally likely x
    label = posterior.mean(0)
    information = (posterior * (posterior / label).log()).sum(1).mean().item()
    # In expectation over labels, shares are probabilities: the contrast is linear in both.
    value = ((posterior - label) * posterior.log()).sum(1).mean().item()
    assert value > information > 0
    counts = (posterior * 400).round().long()  # a batch that has these shares
    x = torch.arange(4).repeat_interleave(counts.sum(1))
    target = torch.cat([torch.arange(3).repeat_interleave(row) for row in counts])
    assert club_cat(posterior.log()[x], target).item() == pytest.approx(value, abs=0.02)


def test_of_labels_that_x_does_not_tell_it_is_zero(draw):
    log_q = draw(3).log_softmax(0).expand(5, 3)
    assert club_cat(log_q, LABELS).item() == pytest.approx(0, abs=1e-12)


def test_a_batch_of_one_class_gives_zero(draw, estimator):
    target = torch.full((5,), 2)
    assert estimator(draw(5, 3), target).item() == pytest.approx(0, abs=1e-12)


def test_a_common_order_does_not_matter(draw, estimator):
    x, order = draw(5, 3), torch.tensor([4, 1, 0, 3, 2])
    value = estimator(x[order], LABELS[order]).item()
    assert value == pytest.approx(estimator(x, LABELS).item(), rel=1e-12)


def test_its_gradient_is_right(draw):
    logits = draw(5, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda one: club_cat(one.log_softmax(-1), LABELS), logits)


def test_clamped_it_is_never_negative_and_pushes_nothing_then(draw):
    plain, clamped = (
        ClubCat(3, 3, "classification", 1, layers=0, clamp=c).double() for c in (False, True)
    )
    clamped.load_state_dict(plain.state_dict())
    x = draw(5, 3)
    wrong = plain.classifier(x).argmin(-1)
    right = plain.classifier(x).argmax(-1)
    assert plain(x, wrong).item() < 0
    assert plain(x, right).item() == clamped(x, right).item() > 0
    leaf = x.clone().requires_grad_()
    value = clamped(leaf, wrong)
    assert value.item() == 0
    assert not torch.autograd.grad(value, leaf)[0].any()


def test_labels_that_are_no_classes_are_refused():
    with pytest.raises(
        ValueError, match="labels are classes here, and the task is regression; lea"
    ):
        ClubCat(3, 1, "regression", 1)


def test_a_single_sample_is_refused(estimator):
    with pytest.raises(ValueError, match=r"x \(1, 3\) has no negatives; use at least 2 samples"):
        estimator(torch.zeros(1, 3).double(), LABELS[:1])
