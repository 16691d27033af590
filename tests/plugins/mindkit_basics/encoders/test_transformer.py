import math

import pytest
import torch

from mindkit_basics.encoders.transformer import Transformer

READOUTS = ("masked_mean", "masked_max", "zero_token", "last_valid", "cls_token")
RELEASED = {
    "readout": "zero_token",
    "padding_mask": False,
    "positions": "nonzero_first_channel",
}


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def make(width=12, **options):
    encoder = Transformer(5, width, layers=2, heads=3, **options).double().eval()
    with torch.no_grad():  # biases and norms away from 0 and 1, so that leaving one out shows
        for parameter in encoder.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    return encoder


def samples(*lengths, width=5):
    """Sequences padded with zeros to the longest, and their mask."""
    x = torch.randn(len(lengths), max(lengths), width, dtype=torch.float64)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return x * mask.unsqueeze(2), mask


def sinusoid(position, width):
    """One position as a list: sines, then cosines; all 0 at position 0."""
    if position == 0:
        return [0.0] * width
    half = width // 2
    angles = [position * math.exp(-math.log(10000) * i / (half - 1)) for i in range(half)]
    return [*map(math.sin, angles), *map(math.cos, angles)] + [0.0] * (width % 2)


def affine(linear, frame):
    return [
        sum(w * v for w, v in zip(row, frame, strict=True)) + b
        for row, b in zip(linear.weight.tolist(), linear.bias.tolist(), strict=True)
    ]


def normal(norm, frame):
    mean = sum(frame) / len(frame)
    variance = sum((v - mean) ** 2 for v in frame) / len(frame)
    return [
        (v - mean) / math.sqrt(variance + 1e-5) * w + b
        for v, w, b in zip(frame, norm.weight.tolist(), norm.bias.tolist(), strict=True)
    ]


def attend(layer, frames):
    """Every frame over all frames, head by head."""
    width = len(frames[0])
    size = width // layer.heads
    stacked = [affine(layer.qkv, frame) for frame in frames]
    queries, keys, values = ([s[i * width : (i + 1) * width] for s in stacked] for i in range(3))
    mixed = []
    for query in queries:
        out = []
        for head in range(layer.heads):
            part = slice(head * size, (head + 1) * size)
            scores = [
                sum(q * k for q, k in zip(query[part], key[part], strict=True)) / math.sqrt(size)
                for key in keys
            ]
            shares = [math.exp(score) for score in scores]
            total = sum(shares)
            for channel in range(part.start, part.stop):
                weighed = (s * v[channel] for s, v in zip(shares, values, strict=True))
                out.append(sum(weighed) / total)
        mixed.append(affine(layer.out, out))
    return mixed


def add(frames, others):
    return [
        [a + b for a, b in zip(frame, other, strict=True)]
        for frame, other in zip(frames, others, strict=True)
    ]


def run_layers(encoder, frames):
    for layer in encoder.layers:
        attended = attend(layer, [normal(layer.attention_norm, frame) for frame in frames])
        frames = add(frames, attended)
        fed = []
        for frame in frames:
            inner = affine(layer.feed[0], normal(layer.feed_norm, frame))
            fed.append(affine(layer.feed[3], [max(v, 0.0) for v in inner]))
        frames = add(frames, fed)
    return [normal(encoder.norm, frame) for frame in frames]


def project(encoder, x):
    """(L, F) -> L frames of width D: kernel 1, no bias."""
    weight = encoder.projection.weight.tolist()
    return [[sum(w * v for w, v in zip(row, step, strict=True)) for row in weight] for step in x]


def embed(frames, positions):
    width = len(frames[0])
    return [
        [math.sqrt(width) * v + s for v, s in zip(frame, sinusoid(position, width), strict=True)]
        for frame, position in zip(frames, positions, strict=True)
    ]


def released(encoder, x):
    """The released behaviour on one padded sample (L, F), from mind.md section 3."""
    frames = project(encoder, x.tolist())
    zero = [0.0] * len(frames[0])
    frames = [zero, *frames, zero]
    positions = [i + 1 if frame[0] != 0 else 0 for i, frame in enumerate(frames)]
    return run_layers(encoder, embed(frames, positions))


@pytest.mark.parametrize("width", [12, 15])
def test_the_default_is_the_equations_on_each_sample_alone(width):
    encoder = make(width)
    x, mask = samples(6, 3)
    vector, sequence = encoder(x, mask)
    for b, length in enumerate((6, 3)):
        frames = project(encoder, x[b, :length].tolist())
        outputs = run_layers(encoder, embed(frames, range(1, length + 1)))
        expected = torch.tensor(outputs, dtype=torch.float64)
        torch.testing.assert_close(sequence[b, :length], expected, atol=1e-9, rtol=0)
        torch.testing.assert_close(vector[b], expected.mean(0), atol=1e-9, rtol=0)


def test_the_released_behaviour_pads_adds_zero_frames_and_reads_the_last():
    encoder = make(**RELEASED)
    x, mask = samples(6, 3)
    x[0, 2] = 0  # a real frame whose first projected channel is 0 has no position either
    vector, sequence = encoder(x, mask)
    for b, length in enumerate((6, 3)):
        outputs = torch.tensor(released(encoder, x[b]), dtype=torch.float64)
        torch.testing.assert_close(vector[b], outputs[-1], atol=1e-9, rtol=0)
        steps = outputs[1 : 1 + length]
        torch.testing.assert_close(sequence[b, :length], steps, atol=1e-9, rtol=0)


@pytest.mark.parametrize("positions", ["all", "nonzero_first_channel"])
@pytest.mark.parametrize("readout", READOUTS)
def test_neither_padding_nor_its_contents_matter_with_a_padding_mask(readout, positions):
    encoder = make(readout=readout, positions=positions)
    x, mask = samples(6, 3)
    wider = torch.cat([x, torch.randn(2, 4, 5, dtype=torch.float64)], 1)
    wider_mask = torch.cat([mask, mask.new_zeros(2, 4)], 1)
    vector, sequence = encoder(x, mask)
    padded, padded_sequence = encoder(wider, wider_mask)
    torch.testing.assert_close(padded, vector, atol=1e-12, rtol=0)
    torch.testing.assert_close(padded_sequence[:, :6], sequence, atol=1e-12, rtol=0)
    assert padded_sequence[:, 6:].abs().sum() == 0


@pytest.mark.parametrize("readout", READOUTS)
def test_batch_mates_do_not_matter_with_a_padding_mask(readout):
    encoder = make(readout=readout)
    x, mask = samples(6, 3)
    together, _ = encoder(x, mask)
    alone, _ = encoder(x[1:, :3], mask[1:, :3])
    torch.testing.assert_close(together[1:], alone, atol=1e-12, rtol=0)


def test_the_released_behaviour_depends_on_padding():
    encoder = make(**RELEASED)
    x, mask = samples(6, 3)
    together, _ = encoder(x, mask)
    alone, _ = encoder(x[1:, :3], mask[1:, :3])
    assert (together[1:] - alone).abs().max() > 1e-2


@pytest.mark.parametrize("readout", READOUTS)
def test_a_sample_without_a_real_step_gives_a_finite_vector_and_gradient(readout):
    encoder = make(readout=readout).train()
    x, mask = samples(4, 1)
    mask[1] = False
    vector, sequence = encoder(x, mask)
    vector.square().sum().backward()
    assert vector.isfinite().all()
    assert sequence[1].abs().sum() == 0
    assert all(p.grad.isfinite().all() for p in encoder.parameters())


def test_last_valid_reads_each_samples_own_last_step():
    encoder = make(readout="last_valid")
    x, mask = samples(6, 3)
    vector, sequence = encoder(x, mask)
    assert torch.equal(vector[0], sequence[0, 5])
    assert torch.equal(vector[1], sequence[1, 2])


def test_masked_max_reads_the_greatest_of_each_feature_over_real_steps():
    encoder = make(readout="masked_max")
    vector, sequence = encoder(*samples(6, 3))
    assert torch.equal(vector[0], sequence[0].max(0).values)
    assert torch.equal(vector[1], sequence[1, :3].max(0).values)


def test_the_learned_token_is_read_and_trained():
    encoder = make(readout="cls_token")
    before, _ = encoder(*samples(4))
    with torch.no_grad():
        encoder.token += torch.randn_like(encoder.token)
    torch.manual_seed(0)
    encoder(*samples(4))[0].sum().backward()
    assert encoder.token.grad.abs().sum() > 0
    assert before.shape == (1, 12)


def test_order_matters():
    encoder = make()
    x, mask = samples(6)
    difference = encoder(x, mask)[0] - encoder(x.flip(1), mask)[0]
    assert difference.abs().max() > 1e-3


def test_weights_are_xavier_uniform_and_biases_zero():
    encoder = Transformer(5, 64, layers=1)
    layer = encoder.layers[0]
    for linear in (layer.qkv, layer.out, layer.feed[0], layer.feed[3]):
        rows, columns = linear.weight.shape
        bound = math.sqrt(6 / (rows + columns))
        assert linear.weight.abs().max().item() == pytest.approx(bound, rel=0.02)
        assert linear.weight.abs().max() <= bound
        assert linear.bias.abs().max() == 0


@pytest.mark.parametrize(
    "name", ["attention_dropout", "embedding_dropout", "relu_dropout", "residual_dropout"]
)
def test_each_dropout_acts_in_training_alone(name):
    off = dict.fromkeys(
        ("attention_dropout", "embedding_dropout", "relu_dropout", "residual_dropout"), 0.0
    )
    encoder = make(**off | {name: 0.5}).train()
    x, mask = samples(6)
    assert (encoder(x, mask)[0] - encoder(x, mask)[0]).abs().max() > 1e-6
    encoder.eval()
    assert torch.equal(encoder(x, mask)[0], encoder(x, mask)[0])


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="heads must divide the width 10, got 4"):
        Transformer(5, 10)
