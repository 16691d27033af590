import math

import pytest
import torch

from mindkit.model.attention import CrossmodalEncoder, last_step, sinusoids


@pytest.fixture
def draw():
    """Return a function that draws float64 Gaussians, the same in every run."""
    generator = torch.Generator().manual_seed(0)
    return lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)


def test_a_layer_attends_from_the_target_to_the_source_step_by_step(draw):
    encoder = CrossmodalEncoder(4, 1, 2, False, 0.0, 0.0, 0.0, 0.0).double().eval()
    x, y = draw(1, 3, 4), draw(1, 2, 4)
    real = torch.ones(1, 3, dtype=torch.bool), torch.ones(1, 2, dtype=torch.bool)
    layer = encoder.layers[0]
    embed = [
        2 * z[0] + sinusoids(torch.arange(1, z.shape[1] + 1).unsqueeze(0), z)[0] for z in (x, y)
    ]
    query = layer.query(layer.norm(embed[0]))
    key, value = layer.key_value(layer.norm(embed[1])).chunk(2, 1)
    mixed = torch.zeros(3, 4, dtype=torch.float64)
    for head in (slice(0, 2), slice(2, 4)):
        for step in range(3):
            scores = [(query[step, head] @ k[head]).item() / math.sqrt(2) for k in key]
            weights = torch.tensor(scores, dtype=torch.float64).softmax(0)
            mixed[step, head] = sum(w * v[head] for w, v in zip(weights, value, strict=True))
    steps = embed[0] + layer.out(mixed)
    steps = steps + layer.feed(layer.feed_norm(steps))
    torch.testing.assert_close(encoder(x, real[0], y, real[1])[0], encoder.norm(steps))


def test_a_causal_step_does_not_see_what_comes_later(draw):
    encoder = CrossmodalEncoder(4, 1, 2, True, 0.0, 0.0, 0.0, 0.0).double().eval()
    x, y, real = draw(1, 3, 4), draw(1, 3, 4), torch.ones(1, 3, dtype=torch.bool)
    before = encoder(x, real, y, real)
    y = y.clone()
    y[0, 2, 0] += 1
    after = encoder(x, real, y, real)
    torch.testing.assert_close(after[0, :2], before[0, :2])
    assert not torch.allclose(after[0, 2], before[0, 2])


@pytest.mark.parametrize("causal", [False, True])
def test_what_a_sample_gives_depends_on_its_own_steps_only(draw, causal):
    encoder = CrossmodalEncoder(4, 2, 2, causal, 0.0, 0.0, 0.0, 0.0).double().eval()
    x, y = draw(2, 5, 4), draw(2, 4, 4)
    mask = torch.arange(5) < torch.tensor([[2], [5]])
    source_mask = torch.arange(4) < torch.tensor([[3], [1]])
    together = encoder(x, mask, y, source_mask)
    alone = encoder(x[:1, :2], mask[:1, :2], y[:1, :3], source_mask[:1, :3])
    torch.testing.assert_close(together[:1, :2], alone)


def test_a_shorter_target_sees_as_many_steps_further(draw):
    encoder = CrossmodalEncoder(4, 1, 2, True, 0.0, 0.0, 0.0, 0.0).double().eval()
    x, y = draw(1, 2, 4), draw(1, 4, 4).requires_grad_()
    real = torch.ones(1, 2, dtype=torch.bool), torch.ones(1, 4, dtype=torch.bool)
    encoder(x, real[0], y, real[1])[0, 0, 0].backward()
    assert y.grad[0].any(1).tolist() == [True, True, True, False]


def test_weights_are_drawn_as_one_matrix_of_query_key_and_value():
    torch.manual_seed(0)
    layer = CrossmodalEncoder(60, 1, 2, False, 0.0, 0.0, 0.0, 0.0).layers[0]
    for linear, fans in (
        (layer.query, 4 * 60),
        (layer.key_value, 4 * 60),
        (layer.out, 2 * 60),
        (layer.feed[0], 5 * 60),
        (layer.feed[3], 5 * 60),
    ):
        bound = math.sqrt(6 / fans)
        assert 0.98 * bound < linear.weight.abs().max() <= bound
        assert not linear.bias.any()


def test_the_last_step_is_each_sample_s_own_and_the_first_of_an_empty_one(draw):
    steps = draw(3, 4, 2)
    mask = torch.arange(4) < torch.tensor([[3], [1], [0]])
    torch.testing.assert_close(last_step(steps, mask), steps[[0, 1, 2], [2, 0, 0]])
