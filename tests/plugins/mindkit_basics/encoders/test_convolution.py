import pytest
import torch

from mindkit_basics.encoders.convolution import Convolution


def test_each_step_is_made_from_its_neighbours_within_the_sample(draw):
    encoder = Convolution(3, 2, kernel=3).double()
    x = draw(2, 4, 3)
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    vector, sequence = encoder(x, mask)
    weight = encoder.convolve.weight  # (D, F, kernel)
    for sample, length in enumerate((4, 2)):
        steps = []
        for step in range(length):
            total = torch.zeros(2, dtype=torch.float64)
            for offset in (-1, 0, 1):
                if 0 <= step + offset < length:
                    total += weight[:, :, offset + 1] @ x[sample, step + offset]
            steps.append(total)
        torch.testing.assert_close(sequence[sample, :length], torch.stack(steps))
        torch.testing.assert_close(vector[sample], torch.stack(steps).mean(0))
    assert (sequence[1, 2:] == 0).all()


def test_the_vector_may_be_the_greatest_of_each_feature(draw):
    encoder = Convolution(3, 2, bias=True, readout="masked_max").double()
    torch.nn.init.constant_(encoder.convolve.bias, -100.0)  # below the zeros of padding
    mask = torch.tensor([[True] * 4, [True, True, False, False]])
    vector, sequence = encoder(draw(2, 4, 3), mask)
    expected = torch.stack([sequence[0].max(0).values, sequence[1, :2].max(0).values])
    assert torch.equal(vector, expected)


def test_an_even_kernel_is_refused():
    with pytest.raises(ValueError, match="kernel is an odd number of steps, got 2"):
        Convolution(3, 2, kernel=2)
