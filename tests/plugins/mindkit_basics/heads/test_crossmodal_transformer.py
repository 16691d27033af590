import math

import pytest
import torch

from mindkit_basics.encoders.transformer import sinusoids
from mindkit_basics.heads.crossmodal_transformer import CrossmodalEncoder, CrossmodalTransformer


@pytest.fixture
def batch(draw):
    lengths = {0: [4, 2], 1: [3, 1], 2: [2, 5]}
    sequences, masks = [], []
    for modality in range(3):
        mask = torch.arange(5) < torch.tensor(lengths[modality]).unsqueeze(1)
        longest = max(lengths[modality])
        masks.append(mask[:, :longest])
        sequences.append(draw(2, longest, 4) * mask[:, :longest].unsqueeze(2))
    return sequences, masks


def test_a_layer_attends_from_the_target_to_the_source_step_by_step(draw):
    encoder = CrossmodalEncoder(4, 1, 2, False, 0.0, 0.0, 0.0, 0.0).double().eval()
    x, y = draw(1, 3, 4), draw(1, 2, 4)
    real = torch.ones(1, 3, dtype=torch.bool), torch.ones(1, 2, dtype=torch.bool)
    layer = encoder.layers[0]
    embed = [
        2 * z[0] + sinusoids(torch.arange(1, z.shape[1] + 1).unsqueeze(0), z)[0] for z in (x, y)
    ]
    query = layer.query(layer.norm(embed[0]))
    key, value = layer.key_value(layer.norm(embed[1])).chunk(2, 1)
    mixed = torch.zeros(3, 4, dtype=torch.float64)
    for head in (slice(0, 2), slice(2, 4)):
        for step in range(3):
            scores = [(query[step, head] @ k[head]).item() / math.sqrt(2) for k in key]
            weights = torch.tensor(scores, dtype=torch.float64).softmax(0)
            mixed[step, head] = sum(w * v[head] for w, v in zip(weights, value, strict=True))
    steps = embed[0] + layer.out(mixed)
    steps = steps + layer.feed(layer.feed_norm(steps))
    torch.testing.assert_close(encoder(x, real[0], y, real[1])[0], encoder.norm(steps))


def test_padding_and_batch_mates_do_not_matter(batch):
    head = CrossmodalTransformer(4, 3, 1, heads=2, layers=2, memory_layers=2).double().eval()
    sequences, masks = batch
    together = head(sequences, masks)
    longer = [torch.nn.functional.pad(s, (0, 0, 0, 3)) for s in sequences]
    padded = [torch.nn.functional.pad(m, (0, 3)) for m in masks]
    torch.testing.assert_close(head(longer, padded), together)
    alone = head([s[:1] for s in sequences], [m[:1] for m in masks])
    torch.testing.assert_close(alone, together[:1])


def test_a_causal_step_does_not_see_what_comes_later(draw):
    encoder = CrossmodalEncoder(4, 1, 2, True, 0.0, 0.0, 0.0, 0.0).double().eval()
    x, y, real = draw(1, 3, 4), draw(1, 3, 4), torch.ones(1, 3, dtype=torch.bool)
    before = encoder(x, real, y, real)
    y = y.clone()
    y[0, 2, 0] += 1
    after = encoder(x, real, y, real)
    torch.testing.assert_close(after[0, :2], before[0, :2])
    assert not torch.allclose(after[0, 2], before[0, 2])


def test_a_single_sequence_attends_to_itself(draw):
    head = CrossmodalTransformer(4, 1, 2, heads=2, layers=1, memory_layers=1).double()
    assert head([draw(2, 3, 4)], [torch.ones(2, 3, dtype=torch.bool)]).shape == (2, 2)


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="heads must divide the width 6, got 4"):
        CrossmodalTransformer(6, 3, 1)
