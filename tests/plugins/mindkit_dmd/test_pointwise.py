import torch

from mindkit_dmd.pointwise import Pointwise


def test_each_step_is_multiplied_by_one_matrix_without_a_constant(draw):
    stage = Pointwise(3, 2, 1).double()
    x = draw(2, 4, 3)
    matrix = stage.convolve.weight[0]
    for sample in range(2):
        for step in range(4):
            expected = [sum(x[sample, step, d] * matrix[d, e] for d in range(3)) for e in range(2)]
            torch.testing.assert_close(stage(x)[sample, step], torch.stack(expected))
    assert (stage(torch.zeros(1, 3).double()) == 0).all()
