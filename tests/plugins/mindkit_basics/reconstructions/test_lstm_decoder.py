import pytest
import torch

from mindkit_basics.reconstructions.lstm_decoder import LstmDecoder


def test_the_cell_is_fed_the_vector_and_then_its_own_state(draw):
    module = LstmDecoder(4, 3).double()
    parts, target = draw(2, 4), draw(2, 3, 3)
    mask = torch.tensor([[True, True, True], [True, False, False]])
    errors = []
    for sample, length in enumerate((3, 1)):
        given, state = parts[sample : sample + 1], None
        for step in range(length):
            state = module.cell(given, state)
            given = state[0]
            errors.append(((module.output(given)[0] - target[sample, step]) ** 2).mean().item())
    expected = sum(errors) / 4
    assert module(parts, target, mask).item() == pytest.approx(expected, abs=1e-12)


def test_padding_does_not_matter(draw):
    module = LstmDecoder(4, 3).double()
    parts, target = draw(2, 4), draw(2, 3, 3)
    mask = torch.tensor([[True, True, False], [True, False, False]])
    short = module(parts, target[:, :2], mask[:, :2])
    assert module(parts, target, mask).item() == pytest.approx(short.item(), abs=1e-12)
