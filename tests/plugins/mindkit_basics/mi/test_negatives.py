import pytest
import torch

from mindkit_basics.mi.negatives import derangement, moved, offdiagonal


def test_a_shift_brings_the_next_sample(draw):
    z = draw(2, 4, 3)
    expected = torch.stack([z[:, (i + 1) % 4] for i in range(4)], 1)
    assert torch.equal(moved(z, "shift"), expected)


@pytest.mark.parametrize("size", [2, 3, 7])
def test_a_derangement_moves_every_sample(size):
    torch.manual_seed(0)
    for _ in range(50):
        order = derangement(size, torch.device("cpu"))
        assert sorted(order.tolist()) == list(range(size))
        assert all(place != sample for place, sample in enumerate(order.tolist()))


def test_derangements_differ_from_draw_to_draw():
    torch.manual_seed(0)
    drawn = {tuple(derangement(4, torch.device("cpu")).tolist()) for _ in range(200)}
    assert len(drawn) == 6  # the cycles through all four


def test_offdiagonal_keeps_all_but_the_diagonal(draw):
    scores = draw(2, 3, 4, 4)
    expected = torch.stack([scores[..., i, j] for i in range(4) for j in range(4) if i != j], -1)
    assert torch.equal(offdiagonal(scores), expected)


def test_a_batch_without_derangement_is_refused():
    with pytest.raises(ValueError, match=r"a batch of 1 sample\(s\) has no derangement"):
        derangement(1, torch.device("cpu"))
