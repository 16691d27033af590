import pytest
import torch

from mindkit_basics.reconstructions.errors import reconstruction_error
from mindkit_basics.reconstructions.linear_decoder import LinearDecoder


def test_parts_are_added_before_the_linear_layer(draw):
    module = LinearDecoder(6, 2, 4, 1).double()
    parts, target = draw(5, 6), draw(5, 4)
    weight, bias = module.decoder.weight[0], module.decoder.bias[0]
    rebuilt = (parts[:, :3] + parts[:, 3:]) @ weight + bias
    expected = ((rebuilt - target) ** 2).mean().item()
    assert module(parts, target).item() == pytest.approx(expected, abs=1e-12)


def test_parts_stay_side_by_side_if_asked(draw):
    module = LinearDecoder(6, 2, 4, 1, combine="concat").double()
    parts, target = draw(5, 6), draw(5, 4)
    rebuilt = parts @ module.decoder.weight[0] + module.decoder.bias[0]
    expected = ((rebuilt - target) ** 2).mean().item()
    assert module(parts, target).item() == pytest.approx(expected, abs=1e-12)


def test_each_distance_meets_its_reference_value(x, y):
    assert reconstruction_error(x, y, "mse").item() == pytest.approx(3.2333333, abs=5e-8)
    assert reconstruction_error(x, y, "squared_norm").item() == pytest.approx(9.7)
    assert reconstruction_error(x, y, "simse").item() == pytest.approx(3.0111111, abs=5e-8)


def test_the_scale_invariant_error_ignores_an_offset_of_all_entries(draw):
    a, b = draw(5, 4), draw(5, 4)
    offset = draw(5, 1)
    plain = reconstruction_error(a, b, "simse").item()
    assert reconstruction_error(a + offset, b, "simse").item() == pytest.approx(plain, abs=1e-12)
    moved = reconstruction_error(a + offset, b, "mse").item()
    assert moved != pytest.approx(reconstruction_error(a, b, "mse").item(), abs=1e-3)


@pytest.mark.parametrize("detach", [False, True])
def test_a_detached_target_gets_no_gradient(draw, detach):
    module = LinearDecoder(6, 2, 3, 1, detach_target=detach).double()
    target = draw(5, 3).requires_grad_()
    module(draw(5, 6), target).backward()
    assert (target.grad is None) == detach


def test_copies_have_weights_of_their_own():
    module = LinearDecoder(6, 2, 3, 4)
    assert module(torch.randn(4, 5, 6), torch.randn(4, 5, 3)).shape == (4,)
