import torch

from mindkit_basics.heads.low_rank_fusion import LowRankFusion
from mindkit_basics.heads.tensor_fusion import outer_product


def test_it_is_a_linear_layer_of_low_rank_on_the_outer_product(draw):
    head = LowRankFusion(4, 3, 2, rank=3, narrow=2).double().eval()
    parts = draw(3, 5, 4)
    narrow = [network(part) for network, part in zip(head.networks, parts, strict=True)]
    weight = 0
    for i in range(3):
        a, b, c = head.factors[:, i]  # (E, C) each
        weight = weight + head.rank_weights[0, i] * torch.einsum("ic,jc,kc->ijkc", a, b, c)
    expected = outer_product(narrow) @ weight.flatten(0, 2) + head.bias
    torch.testing.assert_close(head(parts), expected)


def test_rank_weights_stand_still_if_asked():
    head = LowRankFusion(4, 3, 1, train_rank_weights=False)
    head(torch.randn(3, 5, 4)).sum().backward()
    assert head.rank_weights.grad is None and head.bias.grad is None
    assert head.factors.grad.abs().sum() > 0
