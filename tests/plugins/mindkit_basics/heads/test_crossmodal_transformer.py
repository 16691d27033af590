import pytest
import torch

from mindkit_basics.heads.crossmodal_transformer import CrossmodalTransformer


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
    head = CrossmodalTransformer(4, 3, 1, **options).double().eval()
    sequences, masks = batch
    together = head(sequences, masks)
    longer = [torch.nn.functional.pad(s, (0, 0, 0, 3)) for s in sequences]
    padded = [torch.nn.functional.pad(m, (0, 3)) for m in masks]
    torch.testing.assert_close(head(longer, padded), together)
    alone = head([s[:1] for s in sequences], [m[:1] for m in masks])
    torch.testing.assert_close(alone, together[:1])


def test_a_single_sequence_attends_to_itself(draw):
    head = CrossmodalTransformer(4, 1, 2, heads=2, layers=1, memory_layers=1).double()
    assert head([draw(2, 3, 4)], [torch.ones(2, 3, dtype=torch.bool)]).shape == (2, 2)


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="heads must divide the width 6, got 4"):
        CrossmodalTransformer(6, 3, 1)
