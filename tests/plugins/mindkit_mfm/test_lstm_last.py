import math

import pytest
import torch

from mindkit_mfm.lstm_last import LstmLast


def sigmoid(value):
    return 1 / (1 + math.exp(-value))


@pytest.fixture
def stage():
    torch.manual_seed(0)
    return LstmLast(3, 4).double()


def test_it_is_an_lstm_written_out_whose_state_at_the_last_real_step_is_mapped(stage, draw):
    x, lengths = draw(3, 5, 3), [5, 2, 1]
    mask = torch.arange(5) < torch.tensor(lengths).unsqueeze(1)
    w_in, w_state, b_in, b_state = (p.detach() for p in stage.lstm.parameters())
    for sample, length in enumerate(lengths):
        hidden, cell = torch.zeros(4).double(), torch.zeros(4).double()
        for step in range(length):
            gates = w_in @ x[sample, step] + b_in + w_state @ hidden + b_state
            for k in range(4):
                i, f, g = (float(gates[k + 4 * gate]) for gate in range(3))
                cell[k] = sigmoid(f) * cell[k] + sigmoid(i) * math.tanh(g)
            hidden = torch.tensor(
                [sigmoid(float(gates[k + 12])) * math.tanh(float(cell[k])) for k in range(4)]
            ).double()
        expected = stage.output.weight @ hidden + stage.output.bias
        torch.testing.assert_close(stage(x, mask)[sample], expected)
