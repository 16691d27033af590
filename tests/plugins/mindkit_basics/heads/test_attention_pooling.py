import math

import torch

from mindkit_basics.heads.attention_pooling import AttentionPooling


def test_it_is_what_one_sample_at_a_time_gives(draw):
    head = AttentionPooling(4, 3, 2).double().eval()
    parts = draw(3, 5, 4)
    for sample in range(5):
        tokens = parts[:, sample]
        q, k, v = head.qkv(tokens).chunk(3, 1)
        tokens = head.norm(tokens + (q @ k.T / math.sqrt(4)).softmax(1) @ v)
        scores = torch.stack([head.score[2](torch.tanh(head.score[0](t)))[0] for t in tokens])
        beta = scores.exp() / scores.exp().sum()
        weighed = torch.cat([b * t for b, t in zip(beta, tokens, strict=True)])
        torch.testing.assert_close(head(parts)[sample], head.predict(weighed))


def test_pooled_parts_are_added(draw):
    head = AttentionPooling(4, 3, 2, attend=False, pool=True).double().eval()
    parts = draw(3, 5, 4)
    beta = head.weights(parts.transpose(0, 1))
    torch.testing.assert_close(beta.sum(1), torch.ones(5, dtype=torch.float64))
    added = torch.einsum("bp,pbd->bd", beta, parts)
    torch.testing.assert_close(head(parts), head.predict(added))
