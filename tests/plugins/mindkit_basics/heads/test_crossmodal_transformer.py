import pytest
import torch

from mindkit_basics.heads.crossmodal_transformer import CrossmodalTransformer

ALL = ("text", "audio", "vision")


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


@pytest.mark.parametrize("causal", [False, True])
def test_padding_and_batch_mates_do_not_matter(batch, causal):
    options = {"heads": 2, "layers": 2, "memory_layers": 2, "causal": causal}
    head = CrossmodalTransformer(4, ALL, 1, **options).double().eval()
    sequences, masks = batch
    together = head(sequences, masks)
    longer = [torch.nn.functional.pad(s, (0, 0, 0, 3)) for s in sequences]
    padded = [torch.nn.functional.pad(m, (0, 3)) for m in masks]
    torch.testing.assert_close(head(longer, padded), together)
    alone = head([s[:1] for s in sequences], [m[:1] for m in masks])
    torch.testing.assert_close(alone, together[:1])


def test_a_single_sequence_attends_to_itself(draw):
    head = CrossmodalTransformer(4, ("text",), 2, heads=2, layers=1, memory_layers=1).double()
    assert head([draw(2, 3, 4)], [torch.ones(2, 3, dtype=torch.bool)]).shape == (2, 2)


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="heads must divide the width 6, got 4"):
        CrossmodalTransformer(6, ALL, 1)


@pytest.mark.parametrize(("layers", "behind"), [(1, 3), (5, 5)])
def test_at_least_three_layers_of_self_attention_stand_behind(layers, behind):
    head = CrossmodalTransformer(4, ALL, 1, layers=layers)
    assert [len(one.layers) for one in head.crossmodal.memory] == [behind] * 3


def test_each_source_may_have_a_dropout_of_its_own():
    by_source = {"vision": 0.3, "text": 0.1, "audio": 0.2}
    head = CrossmodalTransformer(4, ALL, 1, attention_dropout=by_source, memory_dropout=0.5)
    found = [[one.layers[0].attention for one in row] for row in head.crossmodal.crossing]
    assert found == [[0.2, 0.3], [0.1, 0.3], [0.1, 0.2]]  # to text, audio, vision
    assert {one.layers[0].attention for one in head.crossmodal.memory} == {0.5}
    single = CrossmodalTransformer(4, ("audio",), 1, attention_dropout={"audio": 0.2})
    assert single.crossmodal.crossing[0][0].layers[0].attention == 0.2


def test_dropout_of_one_source_leaves_what_others_give(batch):
    head = CrossmodalTransformer(
        4,
        ALL,
        1,
        layers=1,
        attention_dropout={"text": 0.0, "audio": 0.9, "vision": 0.0},
        memory_dropout=0.0,
        embedding_dropout=0.0,
        relu_dropout=0.0,
        residual_dropout=0.0,
    ).double()
    sequences, masks = batch

    def crossed(target, place, source):
        encoder = head.crossmodal.crossing[target][place]
        return encoder(sequences[target], masks[target], sequences[source], masks[source])

    torch.testing.assert_close(crossed(0, 1, 2), crossed(0, 1, 2))  # vision -> text
    assert not torch.equal(crossed(0, 0, 1), crossed(0, 0, 1))  # audio -> text
