import math

import pytest
import torch

from mindkit_basics.heads.token_self_attention import TokenSelfAttention


def test_it_is_a_post_norm_layer_over_the_parts_and_a_network(draw):
    head = TokenSelfAttention(4, 3, 2, feed=6).double().eval()
    parts = draw(3, 5, 4)
    layer = head.attend
    for sample in range(5):
        tokens = parts[:, sample]  # (P, D)
        q, k, v = (tokens @ layer.self_attn.in_proj_weight.T + layer.self_attn.in_proj_bias).chunk(
            3, 1
        )
        mixed = torch.cat(
            [
                (q[:, s] @ k[:, s].T / math.sqrt(2)).softmax(1) @ v[:, s]
                for s in (slice(0, 2), slice(2, 4))
            ],
            1,
        )
        tokens = layer.norm1(tokens + layer.self_attn.out_proj(mixed))
        tokens = layer.norm2(tokens + layer.linear2(layer.linear1(tokens).relu()))
        hidden = head.predict[0](tokens.flatten()).relu()
        torch.testing.assert_close(head(parts)[sample], head.predict[3](hidden))


def test_the_order_of_the_parts_matters_to_the_network_only(draw):
    head = TokenSelfAttention(4, 3, 2, feed=6).double().eval()
    parts, order = draw(3, 5, 4), torch.tensor([2, 0, 1])
    torch.testing.assert_close(head.attend(parts)[order], head.attend(parts[order]))


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="heads must divide the width 5, got 2"):
        TokenSelfAttention(5, 3, 1)
