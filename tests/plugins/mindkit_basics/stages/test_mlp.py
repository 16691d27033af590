import math

import pytest
import torch

from mindkit_basics.stages.mlp import Mlp


def normal(x):
    mean = sum(x) / len(x)
    variance = sum((v - mean) ** 2 for v in x) / len(x)
    return [(v - mean) / math.sqrt(variance + 1e-5) for v in x]


def by_hand(naive, stage, x, copy, normalize):
    linears = [m for m in stage.network if hasattr(m, "d_in")]
    hidden = [naive.gelu(v) for v in naive.affine(x.tolist(), linears[0], copy)]
    if len(linears) == 1:
        return hidden
    hidden = normal(hidden) if normalize else hidden
    return [naive.gelu(v) for v in naive.affine(hidden, linears[1], copy)]


@pytest.mark.parametrize(("layers", "normalize"), [(1, False), (2, False), (2, True)])
def test_it_is_what_loops_over_units_give(draw, naive, layers, normalize):
    stage = Mlp(3, 4, 2, layers=layers, normalize=normalize).double().eval()
    x = draw(2, 5, 3)
    out = stage(x)
    for copy in range(2):
        for sample in range(5):
            expected = by_hand(naive, stage, x[copy, sample], copy, normalize)
            assert out[copy, sample].tolist() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("layers", [1, 2])
def test_a_linear_end_leaves_out_the_last_activation(draw, layers):
    torch.manual_seed(0)
    whole = Mlp(3, 4, 2, layers=layers, activation="tanh").double().eval()
    cut = Mlp(3, 4, 2, layers=layers, activation="tanh", end="linear").double().eval()
    cut.load_state_dict(whole.state_dict())
    x = draw(2, 5, 3)
    torch.testing.assert_close(cut(x).tanh(), whole(x))


def test_one_copy_is_shared_by_all_modalities(draw):
    stage = Mlp(3, 4, 1).double().eval()
    x = draw(3, 5, 3)
    assert torch.allclose(stage(x)[2], stage(x[2]), atol=1e-12)


def test_dropout_acts_in_training_only(draw):
    stage = Mlp(3, 50, 1, dropout=0.5).double()
    x = draw(5, 3)
    assert not torch.equal(stage(x), stage(x))
    stage.eval()
    assert torch.equal(stage(x), stage(x))


def test_three_layers_are_refused():
    with pytest.raises(ValueError, match="layers must be 1 or 2, got 3"):
        Mlp(3, 4, 1, layers=3)
