import math
from types import SimpleNamespace

import pytest
import torch

from mindkit_basics.mi.critics import make_critic
from mindkit_basics.mi.jsd import Jsd, jsd
from mindkit_basics.mi.negatives import derangement, moved, offdiagonal

CRITICS = ["concat", "bilinear", "separable"]
NEGATIVES = ["shift", "derangement", "offdiag"]


def cosines(x, y):
    return torch.nn.functional.cosine_similarity(x.unsqueeze(1), y.unsqueeze(0), dim=2)


def softplus(value):
    return math.log1p(math.exp(value))


def linears_of(network):
    return [m for m in network.modules() if hasattr(m, "d_in")]


def relu(value):
    return max(value, 0.0)


def score_by_hand(naive, estimator, kind, x, z):
    critic = estimator.critic
    x, z = x.tolist(), z.tolist()
    if kind == "bilinear":
        w = critic.of_x.weight[0].detach()
        return sum(x[i] * float(w[i, j]) * z[j] for i in range(len(x)) for j in range(len(z)))
    if kind == "separable":
        f = naive.network(x, linears_of(critic.of_x), relu)
        g = naive.network(z, linears_of(critic.of_z), relu)
        return sum(p * q for p, q in zip(f, g, strict=True))
    weight = torch.cat([critic.of_x.weight, critic.of_z.weight], 1)
    first = SimpleNamespace(weight=weight, bias=critic.of_x.bias)
    return naive.network(x + z, [first, *linears_of(critic.rest)], relu)[0]


def test_off_diagonal_negatives_meet_the_reference_value(x, y):
    scores = cosines(x, y)
    assert jsd(scores.diagonal(), offdiagonal(scores)).item() == pytest.approx(-1.6782730, abs=5e-8)


def test_shifted_negatives_meet_the_reference_value(x, y):
    true, false = cosines(x, y).diagonal(), cosines(x, moved(y, "shift")).diagonal()
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


@pytest.mark.parametrize("kind", CRITICS)
@pytest.mark.parametrize("negatives", ["shift", "offdiag"])
def test_it_is_what_loops_over_pairs_give(draw, naive, kind, negatives):
    estimator = Jsd(3, 2, 1, critic=kind, hidden=4, negatives=negatives).double()
    x, z, size = draw(5, 3), draw(5, 2), 5
    wrong = {
        "shift": [(i, (i + 1) % size) for i in range(size)],
        "offdiag": [(i, j) for i in range(size) for j in range(size) if i != j],
    }[negatives]
    right = [softplus(-score_by_hand(naive, estimator, kind, x[i], z[i])) for i in range(size)]
    false = [softplus(score_by_hand(naive, estimator, kind, x[i], z[j])) for i, j in wrong]
    expected = -sum(right) / len(right) - sum(false) / len(false)
    assert estimator(x, z).item() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("layers", [1, 3])
def test_layers_counts_the_hidden_layers(layers):
    critic = Jsd(3, 2, 1, hidden=4, layers=layers).critic
    assert len(linears_of(critic.rest)) == layers


def test_both_halves_of_the_first_layer_are_initialised_as_one_layer():
    critic = Jsd(3, 6, 1, hidden=2000).critic
    for parameter in (critic.of_x.weight, critic.of_x.bias, critic.of_z.weight):
        assert 0.98 / 3 < parameter.abs().max() <= 1 / 3


@pytest.mark.parametrize("kind", CRITICS)
def test_scores_of_all_pairs_hold_those_of_each_pair(draw, kind):
    critic = make_critic(kind, 3, 2, 2, 4, 2).double()
    of_x, of_z = critic.halves(draw(2, 5, 3), draw(2, 5, 2))
    every = critic.cross(of_x, of_z)  # (2, 5, 5)
    for shift in range(5):
        paired = critic.pair(of_x, of_z.roll(-shift, -2))
        expected = [every[:, i, (i + shift) % 5] for i in range(5)]
        assert torch.allclose(paired, torch.stack(expected, -1), atol=1e-12)


@pytest.mark.parametrize("negatives", NEGATIVES)
def test_only_z_is_moved(draw, negatives):
    estimator = Jsd(3, 2, 1, hidden=4, negatives=negatives).double()
    x = draw(1, 3).expand(6, 3)
    z = draw(6, 2)
    # With one x for all, moving z changes no score: every negative is as good as a pair.
    of_x, of_z = estimator.critic.halves(x, z)
    scores = estimator.critic.pair(of_x, of_z)
    assert estimator(x, z).item() == pytest.approx(jsd(scores, scores).item(), abs=1e-12)


def test_the_value_is_never_positive(draw):
    true, false = 50 * draw(100, 5), 50 * draw(100, 7)
    assert (jsd(true, false) <= 0).all()


@pytest.mark.parametrize("size", [2, 3, 7])
def test_a_derangement_moves_every_sample(size):
    torch.manual_seed(0)
    for _ in range(50):
        order = derangement(size, torch.device("cpu"))
        assert sorted(order.tolist()) == list(range(size))
        assert all(place != sample for place, sample in enumerate(order.tolist()))


def test_derangements_differ_from_draw_to_draw():
    torch.manual_seed(0)
    drawn = {tuple(derangement(4, torch.device("cpu")).tolist()) for _ in range(200)}
    assert len(drawn) == 6  # the cycles through all four


def test_offdiagonal_keeps_all_but_the_diagonal(draw):
    scores = draw(2, 3, 4, 4)
    expected = torch.stack([scores[..., i, j] for i in range(4) for j in range(4) if i != j], -1)
    assert torch.equal(offdiagonal(scores), expected)


def test_a_common_order_does_not_matter_with_all_negatives(draw):
    estimator = Jsd(3, 2, 1, hidden=4, negatives="offdiag").double()
    x, z, order = draw(5, 3), draw(5, 2), torch.tensor([4, 1, 0, 3, 2])
    assert estimator(x[order], z[order]).item() == pytest.approx(estimator(x, z).item(), rel=1e-12)


@pytest.mark.parametrize("negatives", NEGATIVES)
def test_a_single_sample_is_refused(negatives):
    with pytest.raises(ValueError, match=r"x \(1, 3\) has no negatives; use at least 2 samples"):
        Jsd(3, 2, 1, negatives=negatives)(torch.zeros(1, 3), torch.zeros(1, 2))


@pytest.mark.parametrize("kind", ["concat", "separable"])
def test_a_critic_without_hidden_layer_is_refused(kind):
    with pytest.raises(ValueError, match=f"a {kind} critic has at least 1 hidden layer, got laye"):
        Jsd(3, 2, 1, critic=kind, layers=0)


def test_a_batch_without_derangement_is_refused():
    with pytest.raises(ValueError, match=r"a batch of 1 sample\(s\) has no derangement"):
        derangement(1, torch.device("cpu"))
