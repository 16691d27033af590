import pytest
import torch

from mindkit_basics.mi.bank import Bank
from mindkit_basics.mi.club_sample import ClubSample, club_sample
from mindkit_basics.mi.critics import make_critic, score

ESTIMATORS = ["jsd", "mine", "nwj", "smile", "tuba", "club_sample"]


def filled(draw, size, *batches, copies=1):
    """A bank of width 2, and what it was given, of one copy: (B, 2) for each number in batches."""
    bank = Bank(copies, size, 2).double()
    given = [draw(copies, number, 2) for number in batches]
    for z in given:
        bank.take(z)
    return bank, torch.cat(given, 1)


def test_it_keeps_the_last_ones_newest_first(draw):
    bank, given = filled(draw, 4, 3, 3)
    assert torch.equal(bank.past(given), given[:, -4:].flip(1))


def test_a_batch_larger_than_the_bank_leaves_its_last(draw):
    bank, given = filled(draw, 2, 5)
    assert torch.equal(bank.past(given), given[:, -2:].flip(1))


def test_before_it_is_full_what_is_there_takes_turns(draw):
    bank, given = filled(draw, 7, 3)
    newest = given.flip(1)
    assert torch.equal(bank.past(given), torch.cat([newest, newest, newest[:, :1]], 1))


def test_what_is_drawn_is_there_and_differs_from_draw_to_draw(draw):
    bank, given = filled(draw, 8, 3)
    torch.manual_seed(0)
    drawn = bank.drawn(draw(1, 200, 2))[0]
    places = (drawn.unsqueeze(1) == given[0]).all(2)  # (200, 3)
    assert places.any(1).all()
    assert (places.sum(0) > 40).all()


def test_each_copy_has_a_queue_of_its_own(draw):
    bank, given = filled(draw, 4, 4, copies=3)
    assert torch.equal(bank.past(given), given.flip(1))


def test_without_leading_axes_it_is_the_one_copy(draw):
    bank, given = filled(draw, 4, 4)
    assert torch.equal(bank.past(given[0]), given[0].flip(0))


def test_it_holds_no_gradient(draw):
    bank = Bank(1, 4, 2).double()
    z = draw(1, 3, 2).requires_grad_()
    bank.take(z)
    assert not bank.past(z).requires_grad


def test_evaluation_leaves_it_alone(draw):
    bank, given = filled(draw, 4, 3)
    before = bank.past(given)
    bank.eval().take(draw(1, 3, 2))
    assert torch.equal(bank.past(given), before)


def test_it_is_saved_with_the_weights(draw):
    bank, given = filled(draw, 4, 3)
    fresh = Bank(1, 4, 2).double()
    fresh.load_state_dict(bank.state_dict())
    assert torch.equal(fresh.past(given), bank.past(given))
    assert not fresh.empty


def test_rows_that_share_a_copy_are_refused(draw):
    with pytest.raises(ValueError, match=r"got z \(2, 3, 5, 2\) for 3 copies; give rows copies of"):
        Bank(3, 4, 2).past(draw(2, 3, 5, 2))


def test_a_bank_for_none_is_refused():
    with pytest.raises(ValueError, match="number of z that a bank keeps, at least 1; got 0"):
        Bank(1, 0, 2)


@pytest.mark.parametrize("kind", ["concat", "bilinear", "separable", "gaussian"])
def test_every_x_meets_every_earlier_z(draw, every_score, kind):
    critic = make_critic(kind, 3, 2, 1, 4, 2).double()
    bank, past = filled(draw, 4, 6)
    x, z = draw(5, 3), draw(5, 2)
    true, false = score(critic, x, z, bank)
    own = every_score(critic, x, z)
    earlier = every_score(critic, x, past[0, -4:])
    assert true.tolist() == pytest.approx([own[i][i] for i in range(5)], abs=1e-12)
    expected = [earlier[i][j] for i in range(5) for j in (3, 2, 1, 0)]
    assert false.tolist() == pytest.approx(expected, abs=1e-12)


def test_with_an_empty_bank_every_x_meets_the_next_z(draw, every_score, parted):
    critic = make_critic("concat", 3, 2, 1, 4, 2).double()
    x, z = draw(5, 3), draw(5, 2)
    _, false = score(critic, x, z, Bank(1, 4, 2).double())
    _, shifted = parted(every_score(critic, x, z), "shift")
    assert false.unflatten(0, (5, 4)).mean(1).tolist() == pytest.approx(shifted, abs=1e-12)


def test_a_batch_joins_the_bank_after_it_was_scored(draw):
    critic = make_critic("bilinear", 3, 2, 1, 4, 2).double()
    bank, _ = filled(draw, 4, 4)
    z = draw(4, 2)
    score(critic, draw(4, 3), z, bank)
    assert torch.equal(bank.past(z), z.flip(0))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_earlier_z_pull_the_critic_and_x_but_no_z(draw, registries, name):
    estimator = registries.mi_estimators.get(name)(3, 2, 1, negatives="bank", memory=4, hidden=4)
    estimator = estimator.double()
    estimator(draw(1, 5, 3), earlier := draw(1, 5, 2).requires_grad_())
    x, z = draw(1, 5, 3).requires_grad_(), draw(1, 5, 2).requires_grad_()
    estimator(x, z).sum().backward()
    assert earlier.grad is None
    assert x.grad.any() and z.grad.any()
    assert all(parameter.grad is not None for parameter in estimator.parameters())


@pytest.mark.parametrize("name", ESTIMATORS)
def test_copies_with_banks_are_what_each_is_alone(draw, registries, name):
    make = registries.mi_estimators.get(name)
    options = {"negatives": "bank", "memory": 4, "hidden": 4}
    bank, alone = make(3, 2, 2, **options).double(), make(3, 2, 1, **options).double()
    first, second = ((draw(2, 5, 3), draw(2, 5, 2)) for _ in range(2))
    state = {n: v if not v.dim() else v[1:] for n, v in bank.state_dict().items()}
    alone.load_state_dict(state)
    found = []
    for estimator, rows in ((bank, slice(None)), (alone, slice(1, 2))):
        torch.manual_seed(0)
        estimator(first[0][rows], first[1][rows])
        found.append(estimator(second[0][rows], second[1][rows])[-1].item())
    assert found[0] == pytest.approx(found[1], abs=1e-12)


def test_a_sampled_upper_bound_meets_one_earlier_z_each(draw):
    estimator = ClubSample(3, 2, 1, hidden=4, negatives="bank", memory=1).double()
    x, z = draw(5, 3), draw(5, 2)
    first = estimator(x, z).item()
    q = estimator.conditional(x)
    assert first == pytest.approx(club_sample(z, z.roll(-1, 0), *q).item(), abs=1e-12)
    expected = club_sample(z, z[-1:].expand(5, 2), *q).item()  # the only one that is kept
    assert estimator(x, z).item() == pytest.approx(expected, abs=1e-12)
