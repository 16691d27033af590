import math

import pytest
import torch

from mindkit_basics.mi.critics import make_critic, score

CRITICS = ["concat", "bilinear", "separable", "gaussian"]
NEGATIVES = ["shift", "derangement", "offdiag"]


@pytest.mark.parametrize("kind", CRITICS)
@pytest.mark.parametrize("negatives", ["shift", "offdiag"])
def test_scores_are_what_loops_over_pairs_give(draw, every_score, parted, kind, negatives):
    critic = make_critic(kind, 3, 2, 1, 4, 2).double()
    x, z = draw(5, 3), draw(5, 2)
    found = score(critic, x, z, negatives)
    for value, expected in zip(found, parted(every_score(critic, x, z), negatives), strict=True):
        assert value.tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("layers", [1, 3])
def test_layers_counts_the_hidden_layers(layers):
    critic = make_critic("concat", 3, 2, 1, 4, layers)
    assert sum(hasattr(m, "d_in") for m in critic.rest.modules()) == layers


def test_both_halves_of_the_first_layer_are_initialised_as_one_layer():
    critic = make_critic("concat", 3, 6, 1, 2000, 2)
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
    critic = make_critic("concat", 3, 2, 1, 4, 2).double()
    x, z = draw(1, 3).expand(6, 3), draw(6, 2)
    # With one x for all, a negative has the score of the pair to which its z belongs.
    true, false = score(critic, x, z, negatives)
    assert sorted(false.tolist()) == pytest.approx(sorted(true.tolist() * (len(false) // 6)))


@pytest.mark.parametrize("negatives", NEGATIVES)
def test_a_single_sample_is_refused(negatives):
    critic = make_critic("concat", 3, 2, 1, 4, 2)
    with pytest.raises(ValueError, match=r"x \(1, 3\) has no negatives; use at least 2 samples"):
        score(critic, torch.zeros(1, 3), torch.zeros(1, 2), negatives)


@pytest.mark.parametrize("kind", ["concat", "separable"])
def test_a_critic_without_hidden_layer_is_refused(kind):
    with pytest.raises(ValueError, match=f"a {kind} critic has at least 1 hidden layer, got laye"):
        make_critic(kind, 3, 2, 1, 4, 0)


def test_a_temperature_makes_scores_cosines_divided_by_it(draw):
    critic = make_critic("separable", 3, 2, 1, 4, 2, temperature=0.2).double()
    x, z = draw(5, 3), draw(5, 2)
    f, g = critic.of_x(x).tolist(), critic.of_z(z).tolist()
    scores = critic.cross(*critic.halves(x, z)).tolist()
    for i in range(5):
        for j in range(5):
            product = sum(p * q for p, q in zip(f[i], g[j], strict=True))
            cosine = product / (math.hypot(*f[i]) * math.hypot(*g[j]))
            assert scores[i][j] == pytest.approx(cosine / 0.2, abs=1e-9)


def test_a_temperature_leaves_a_vector_of_zeros_a_finite_gradient():
    critic = make_critic("separable", 3, 2, 1, 4, 1, temperature=0.1)
    for parameter in critic.parameters():
        torch.nn.init.zeros_(parameter)
    scores = critic.cross(*critic.halves(torch.ones(2, 3), torch.ones(2, 2)))
    scores.sum().backward()
    assert not scores.any()
    assert all(parameter.grad.isfinite().all() for parameter in critic.parameters())


@pytest.mark.parametrize("kind", ["concat", "bilinear", "gaussian"])
def test_a_temperature_of_a_critic_that_has_none_is_refused(kind):
    with pytest.raises(ValueError, match=rf"got 0.1 with critic '{kind}'; leave it out or set"):
        make_critic(kind, 3, 2, 1, 4, 2, temperature=0.1)


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(ValueError, match="temperature is a positive τ of the separable critic"):
        make_critic("separable", 3, 2, 1, 4, 2, temperature=0.0)


def test_a_gaussian_critic_scores_by_the_density_of_what_is_told_by_x(x, y):
    critic = make_critic("gaussian", 3, 3, 1, 4, 0).double()
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.zero_()
        critic.conditional.mean[0].weight.copy_(torch.eye(3))  # q(y | x) = N(x, I)
    true, _ = score(critic, x, y, "shift")
    assert true.mean().item() + 1.5 * math.log(2 * math.pi) == pytest.approx(-4.85, abs=1e-12)


@pytest.mark.parametrize("name", ["infonce", "tuba"])
def test_a_gaussian_critic_finds_the_information_of_gaussians(registries, name):
    """The log density ratio of Gaussians is such a density but for what z alone brings."""
    torch.manual_seed(0)
    estimator = registries.mi_estimators.get(name)(2, 2, 1, critic="gaussian", hidden=32)
    optimizer = torch.optim.Adam(estimator.parameters(), 3e-3)

    def value():
        x, noise = torch.randn(2, 128, 2)
        return estimator(x, 0.7 * x + (1 - 0.49) ** 0.5 * noise)

    for _ in range(300):
        optimizer.zero_grad()
        (-value()).backward()
        optimizer.step()
    truth = -math.log(1 - 0.49)
    with torch.no_grad():
        mean = sum(value().item() for _ in range(50)) / 50
    assert 0.8 * truth < mean < truth + 0.03
