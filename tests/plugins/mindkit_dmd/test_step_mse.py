import pytest
import torch

from mindkit_dmd.step_mse import StepMse


def test_it_is_the_mean_over_real_steps_and_features(draw):
    a, b = draw(3, 4, 2), draw(3, 4, 2)
    lengths = [4, 1, 2]
    mask = torch.arange(4) < torch.tensor(lengths).unsqueeze(1)
    squares = [
        (a[i, t, d] - b[i, t, d]).item() ** 2
        for i, length in enumerate(lengths)
        for t in range(length)
        for d in range(2)
    ]
    assert StepMse()(a, b, mask).item() == pytest.approx(sum(squares) / len(squares), abs=1e-12)


def test_its_gradient_is_right(draw):
    inputs = draw(2, 2, 2).requires_grad_(), draw(2, 2, 2).requires_grad_()
    mask = torch.tensor([[True, True], [True, False]])
    assert torch.autograd.gradcheck(lambda a, b: StepMse()(a, b, mask), inputs)
