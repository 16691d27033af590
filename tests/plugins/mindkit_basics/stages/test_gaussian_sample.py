import pytest
import torch

from mindkit.config.spec import Reference
from mindkit_basics.stages.gaussian_sample import GaussianSample

BOTTLENECK = [
    "representations.mean={type: mlp, from: specific, layers: 1, end: linear}",
    "representations.log_variance={type: mlp, from: specific, layers: 1, end: linear}",
    "representations.drawn={type: gaussian_sample, from: [mean, log_variance]}",
    "terms.bottleneck={type: variational_bottleneck, weight: 0.1, "
    "inputs: [[mean.$m, log_variance.$m]]}",
    "fusion.inputs=[invariant.*, drawn.*]",
]


def test_evaluated_it_is_the_mean(draw):
    x = draw(5, 6)
    assert torch.equal(GaussianSample(6, 3).eval()(x), x[:, :3])


def test_draws_have_the_mean_and_variance_that_are_given():
    torch.manual_seed(0)
    mean, v = torch.tensor([1.0, -2.0]), torch.tensor([0.0, 3.0])
    drawn = GaussianSample(4, 2)(torch.cat([mean, v]).expand(100_000, 4))
    assert ((drawn.mean(0) - mean) / (v / 2).exp()).abs().max() < 0.02
    assert (drawn.var(0) / v.exp()).tolist() == pytest.approx([1, 1], rel=0.02)


def test_mean_and_log_variance_learn_through_a_draw(draw):
    x = draw(5, 6).requires_grad_()
    torch.manual_seed(0)
    drawn = GaussianSample(6, 3)(x)
    torch.manual_seed(0)
    noise = torch.randn(5, 3, dtype=torch.float64)
    mean, log_variance = torch.autograd.grad(drawn.sum(), x)[0].chunk(2, 1)
    assert torch.equal(mean, torch.ones_like(mean))
    assert torch.allclose(log_variance, noise * (x[:, 3:] / 2).exp() / 2)


def test_one_source_is_refused():
    with pytest.raises(ValueError, match=r"from two representations, got 1; write from: \[MEAN, L"):
        GaussianSample(4, 4)


def test_a_method_has_a_bottleneck_by_its_config_alone(registries, one_backward, untrained):
    _, model, values = one_backward(registries, BOTTLENECK)
    assert values["bottleneck"] > 0
    assert not [name for name in untrained(model.graph.stages) if "mean" in name or "log" in name]


def test_a_method_with_a_bottleneck_predicts_without_noise(registries, one_backward):
    _, model, _ = one_backward(registries, BOTTLENECK)
    torch.manual_seed(0)
    tensors = {Reference("encoded", m): torch.randn(4, 16) for m in model.graph.modalities}

    def predictions():
        return [
            model.graph.represent(tensors, everything=False)[Reference("prediction")]
            for _ in range(2)
        ]

    model.graph.head.eval()
    assert not torch.equal(*predictions())
    model.graph.eval()
    assert torch.equal(*predictions())
