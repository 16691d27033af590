import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from mindkit_basics.encoders.recurrent import Recurrent

LENGTHS = torch.tensor([4, 1, 3])


@pytest.fixture
def batch(draw):
    mask = torch.arange(4) < LENGTHS.unsqueeze(1)
    return draw(3, 4, 5) * mask.unsqueeze(2), mask


def packed(encoder, cell, x):
    """The library's bidirectional layers on packed sequences, with the encoder's weights."""
    finals, outputs = [], x
    for number, directions in enumerate(encoder.layers):
        if number:
            outputs = encoder.norms[number - 1](outputs)
        layer = cell(outputs.shape[2], 5, batch_first=True, bidirectional=True).double()
        for suffix, own in zip(("", "_reverse"), directions, strict=True):
            for name, value in own.named_parameters():
                getattr(layer, name + suffix).data.copy_(value)
        together = pack_padded_sequence(outputs, LENGTHS, batch_first=True, enforce_sorted=False)
        steps, state = layer(together)
        outputs = pad_packed_sequence(steps, batch_first=True)[0]
        finals.append(state[0] if cell is nn.LSTM else state)  # (2, B, H)
    return finals, outputs


@pytest.mark.parametrize(("cell", "library"), [("lstm", nn.LSTM), ("gru", nn.GRU)])
def test_it_is_two_bidirectional_layers_on_packed_sequences(batch, cell, library):
    torch.manual_seed(0)
    encoder = Recurrent(5, 6, cell=cell).double().eval()
    x, mask = batch
    (first, second), _ = packed(encoder, library, x)
    # The order of MISA: both layers forwards, then both backwards.
    states = torch.cat([first[0], second[0], first[1], second[1]], 1)
    torch.testing.assert_close(encoder(x, mask), encoder.output(states))


def test_last_reads_the_last_layer_alone(batch):
    torch.manual_seed(0)
    encoder = Recurrent(5, 6, readout="last", output="linear").double().eval()
    x, mask = batch
    (_, second), _ = packed(encoder, nn.LSTM, x)
    torch.testing.assert_close(encoder(x, mask), encoder.output(torch.cat(list(second), 1)))


def test_masked_mean_averages_real_steps_and_gives_the_sequence(batch):
    torch.manual_seed(0)
    encoder = Recurrent(5, 6, readout="masked_mean").double().eval()
    x, mask = batch
    _, outputs = packed(encoder, nn.LSTM, x)
    vector, sequence = encoder(x, mask)
    expected = torch.stack([outputs[i, :n].mean(0) for i, n in enumerate(LENGTHS)])
    torch.testing.assert_close(vector, encoder.output(expected))
    torch.testing.assert_close(sequence[mask], encoder.output(outputs)[mask])
    assert (sequence[~mask] == 0).all()
    assert encoder.sequential and not Recurrent(5, 6).sequential


def test_masked_max_takes_the_greatest_of_each_feature_and_gives_the_sequence(batch):
    torch.manual_seed(0)
    encoder = Recurrent(5, 6, readout="masked_max").double().eval()
    x, mask = batch
    _, outputs = packed(encoder, nn.LSTM, x)
    vector, sequence = encoder(x, mask)
    expected = torch.stack([outputs[i, :n].max(0).values for i, n in enumerate(LENGTHS)])
    torch.testing.assert_close(vector, encoder.output(expected))
    torch.testing.assert_close(sequence[mask], encoder.output(outputs)[mask])
    assert encoder.sequential


def test_a_read_out_of_the_common_width_needs_no_end(batch):
    torch.manual_seed(0)
    options = {"layers": 1, "bidirectional": False, "hidden": 6, "readout": "last"}
    encoder = Recurrent(5, 6, output="none", **options).double().eval()
    x, mask = batch
    _, (state, _) = encoder.layers[0][0](x[:1, : LENGTHS[0]])
    torch.testing.assert_close(encoder(x, mask)[:1], state[0])
    with pytest.raises(ValueError, match="read out is 6 wide and the common width is 7"):
        Recurrent(5, 7, output="none", **options)


def test_recurrent_weights_are_orthogonal_or_as_pytorch_draws_them():
    layer = Recurrent(5, 6).layers[0][0]
    product = layer.weight_hh_l0.T @ layer.weight_hh_l0
    torch.testing.assert_close(product, torch.eye(5), atol=1e-5, rtol=0)
    torch.manual_seed(0)
    drawn = Recurrent(5, 6, layers=1, bidirectional=False, orthogonal=False).layers[0][0]
    torch.manual_seed(0)
    expected = nn.LSTM(5, 5, batch_first=True)
    assert torch.equal(drawn.weight_hh_l0, expected.weight_hh_l0)


def test_no_layer_is_refused():
    with pytest.raises(ValueError, match="layers must be at least 1, got 0"):
        Recurrent(5, 6, layers=0)
