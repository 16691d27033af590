import math

import torch

from mindkit_basics.heads.low_rank_fusion import LowRankFusion
from mindkit_basics.heads.tensor_fusion import outer_product

ALL = ("text", "audio", "vision")
WIDTHS = {"text": 4, "audio": 2, "vision": 3}


def test_it_is_a_linear_layer_of_low_rank_on_the_outer_product(draw):
    head = LowRankFusion(4, ALL, 2, rank=3, widths=WIDTHS, layers=2).double().eval()
    parts = draw(3, 5, 4)
    narrow = [network(part) for network, part in zip(head.networks, parts, strict=True)]
    assert [one.shape[1] for one in narrow] == [4, 2, 3]
    weight = 0
    for i in range(3):
        a, b, c = (factor[i] for factor in head.factors)  # (E, C) each
        weight = weight + head.rank_weights[0, i] * torch.einsum("ic,jc,kc->ijkc", a, b, c)
    expected = outer_product(narrow) @ weight.flatten(0, 2) + head.bias
    torch.testing.assert_close(head(parts), expected)


def test_rank_weights_stand_still_if_asked():
    head = LowRankFusion(4, ALL, 1, train_rank_weights=False)
    head(torch.randn(3, 5, 4)).sum().backward()
    assert head.rank_weights.grad is None and head.bias.grad is None
    assert all(factor.grad.abs().sum() > 0 for factor in head.factors)


def test_factors_are_drawn_as_tensors_of_rank_width_and_outputs():
    torch.manual_seed(0)
    head = LowRankFusion(4, ALL, 20, rank=30, widths=39)
    expected = math.sqrt(2 / (40 * 20 + 30 * 20))
    for factor in head.factors:
        assert abs(factor.std().item() / expected - 1) < 0.02  # 24 000 draws: 0.5 % deviation
    assert not head.bias.any()
