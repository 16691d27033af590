import pytest
import torch
from torch import nn

from mindkit.model.layers import MLP, LayerNorm, Linear


@pytest.fixture
def draw():
    generator = torch.Generator().manual_seed(0)
    return lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)


def copy_of(bank, copy):
    """A bank of one with the weights of one copy."""
    alone = type(bank)(1, *sizes(bank)).double()
    for name, parameter in bank.named_parameters():
        alone.get_parameter(name).data.copy_(parameter[copy : copy + 1])
    return alone


def sizes(bank):
    return (bank.width,) if isinstance(bank, LayerNorm) else (bank.d_in, bank.d_out)


@pytest.mark.parametrize("leading", [(), (4,), (2, 4)])
@pytest.mark.parametrize("make", [Linear, lambda copies, d_in, _: LayerNorm(copies, d_in)])
def test_each_copy_sees_its_own_rows_only(draw, make, leading):
    bank = make(3, 5, 2).double()
    for parameter in bank.parameters():
        nn.init.normal_(parameter)
    x = draw(*leading, 3, 6, 5)
    out = bank(x)
    for copy in range(3):
        alone = copy_of(bank, copy)(x[..., copy, :, :])
        assert torch.allclose(out[..., copy, :, :], alone, atol=1e-12)


@pytest.mark.parametrize("leading", [(), (4,), (2, 4)])
def test_one_copy_is_torchs_linear_on_any_leading_axes(draw, leading):
    bank, reference = Linear(1, 5, 2).double(), nn.Linear(5, 2).double()
    reference.weight.data, reference.bias.data = bank.weight[0].detach().T, bank.bias[0, 0].detach()
    x = draw(*leading, 6, 5)
    assert torch.allclose(bank(x), reference(x), atol=1e-12)


def test_a_copy_starts_with_the_numbers_torchs_linear_would_draw():
    torch.manual_seed(0)
    bank = Linear(2, 5, 3)
    torch.manual_seed(0)
    references = [nn.Linear(5, 3), nn.Linear(5, 3)]
    for copy, reference in enumerate(references):
        assert torch.equal(bank.weight[copy].T, reference.weight)
        assert torch.equal(bank.bias[copy, 0], reference.bias)


def test_fan_in_sets_the_range_of_the_first_numbers():
    bank = Linear(1, 4, 5000, fan_in=16)
    assert 0.249 < bank.weight.abs().max() <= 0.25


def test_a_layer_without_bias_maps_zero_to_zero():
    bank = Linear(2, 5, 3, bias=False)
    assert torch.equal(bank(torch.zeros(2, 6, 5)), torch.zeros(2, 6, 3))


@pytest.mark.parametrize("shape", [(6, 5), (2, 6, 5)])
def test_rows_that_are_not_as_many_as_copies_are_refused(shape):
    with pytest.raises(ValueError, match=r"a bank of 3 copies takes \(\.\.\., 3, B, 5\), got"):
        Linear(3, 5, 2)(torch.zeros(shape))


def test_layer_norm_is_torchs_per_copy(draw):
    bank = LayerNorm(2, 5).double()
    nn.init.normal_(bank.weight)
    nn.init.normal_(bank.bias)
    x = draw(2, 6, 5)
    for copy in range(2):
        expected = nn.functional.layer_norm(x[copy], (5,), bank.weight[copy, 0], bank.bias[copy, 0])
        assert torch.allclose(bank(x)[copy], expected, atol=1e-12)


def test_an_mlp_has_its_activation_between_layers_and_a_linear_end():
    network = MLP(2, [5, 4, 3, 1], nn.GELU)
    kinds = [type(step) for step in network]
    assert kinds == [Linear, nn.GELU, Linear, nn.GELU, Linear]
    assert network(torch.zeros(2, 6, 5)).shape == (2, 6, 1)
