import pytest
import torch

from mindkit_basics.encoders.vector import Vector


def test_it_is_linear_relu_and_layer_norm():
    encoder = Vector(5, 8).double()
    x = torch.randn(3, 5, dtype=torch.float64)
    linear = encoder.layers[0][0]
    kept = (x @ linear.weight.T + linear.bias).clamp(min=0)
    centred = kept - kept.mean(1, keepdim=True)
    expected = centred / (centred.square().mean(1, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(encoder(x), expected)


def test_hidden_puts_a_layer_of_that_width_before_the_projection():
    encoder = Vector(5, 8, hidden=7)
    shapes = [tuple(p.shape) for p in encoder.parameters() if p.dim() == 2]
    assert shapes == [(7, 5), (8, 7)]
    assert encoder(torch.randn(3, 5)).shape == (3, 8)


def test_dropout_acts_in_training_alone():
    encoder, x = Vector(5, 400, dropout=0.5), torch.randn(4, 5)
    share = (encoder(x) == 0).double().mean().item()
    assert share == pytest.approx(0.5, abs=0.08)  # 1600 draws: three deviations are 0.04
    encoder.eval()
    assert torch.equal(encoder(x), encoder(x))
    assert (encoder(x) == 0).sum() == 0
