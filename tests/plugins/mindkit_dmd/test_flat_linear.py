import torch

from mindkit_dmd.flat_linear import FlatLinear


def test_each_step_has_weights_of_its_own_and_padding_none(draw):
    stage = FlatLinear(3, 2, length=4).double()
    x, mask = draw(2, 3, 3), torch.tensor([[True, True, True], [True, False, False]])
    weight = stage.read.weight.unflatten(1, (4, 3))  # (D, length, D_in)
    for sample, length in enumerate((3, 1)):
        expected = stage.read.bias + sum(weight[:, t] @ x[sample, t] for t in range(length))
        torch.testing.assert_close(stage(x, mask)[sample], expected)


def test_steps_behind_its_length_are_left_out(draw):
    stage = FlatLinear(3, 2, length=2).double()
    x, mask = draw(1, 4, 3), torch.ones(1, 4, dtype=torch.bool)
    torch.testing.assert_close(stage(x, mask), stage(x[:, :2], mask[:, :2]))
