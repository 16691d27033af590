import pytest
import torch

from mindkit_basics.encoders.readouts import masked_max, masked_mean

MASK = torch.tensor([[True, True, True, True], [True, False, True, False], [False] * 4])


@pytest.mark.parametrize(
    ("read", "naive"), [(masked_mean, lambda x: sum(x) / len(x)), (masked_max, max)]
)
def test_only_real_steps_count_and_none_give_zero(draw, read, naive):
    x = draw(3, 4, 2) - 10  # below 0, so that padding would be the greatest
    expected = []
    for sample, mask in zip(x.tolist(), MASK.tolist(), strict=True):
        real = [step for step, one in zip(sample, mask, strict=True) if one]
        expected.append([naive(values) for values in zip(*real, strict=True)] or [0.0, 0.0])
    torch.testing.assert_close(read(x, MASK), torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("read", [masked_mean, masked_max])
def test_padding_and_empty_samples_get_no_gradient(draw, read):
    x = draw(3, 4, 2).requires_grad_()
    read(x, MASK).square().sum().backward()
    assert x.grad.isfinite().all()
    assert (x.grad[~MASK] == 0).all()
    assert (x.grad[0] != 0).any()
