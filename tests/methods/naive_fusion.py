"""TFN, LMF and MulT as their papers and ports have them, sample by sample, on a model's weights."""

import math

import torch
from torch import nn


def narrowed(model, batch):
    """The vectors of text, audio and vision that TFN and LMF multiply; BatchNorm on the batch."""
    graph, head = model.graph, model.graph.head
    (lstm,) = graph.encoders["text"].layers[0]
    rows = []
    for x, mask in zip(batch.features["text"], batch.masks["text"], strict=True):
        _, (state, _) = lstm(x[mask].unsqueeze(0))
        rows.append(head.networks[0][1](state[0, 0]))  # no ReLU
    found = [torch.stack(rows)]
    for number, m in enumerate(("audio", "vision"), 1):
        means = torch.stack(
            [x[k].mean(0) for x, k in zip(batch.features[m], batch.masks[m], strict=True)]
        )
        x = (means - means.mean(0)) / (means.var(0, unbiased=False) + 1e-5).sqrt()
        network = graph.encoders[m].network
        linears = [one for one in (*network, *head.networks[number]) if isinstance(one, nn.Linear)]
        assert len(linears) == 3
        for linear in linears:
            x = linear(x).relu()
        found.append(x)
    one = torch.ones(len(rows), 1, dtype=torch.float64)
    return [torch.cat([one, x], 1) for x in found]


def naive_tfn(model, batch):
    """The outer product of three vectors with a 1, through two layers, to a range."""
    head, scores = model.graph.head, []
    for t, a, v in zip(*narrowed(model, batch), strict=True):
        product = torch.zeros(len(t), len(a), len(v), dtype=torch.float64)
        for i in range(len(t)):
            product[i] = t[i] * torch.outer(a, v)
        hidden = head.predict[3](head.predict[1](product.flatten()).relu()).relu()
        scores.append(6 * torch.sigmoid(head.predict[5](hidden)) - 3)
    return torch.stack(scores)


def naive_lmf(model, batch):
    """The same outer product, entry by entry, times a weight that is a sum of outer products."""
    head = model.graph.head
    factors, shares = list(head.factors), head.rank_weights[0]
    weight = sum(
        shares[r]
        * torch.einsum("ao,bo,co->abco", *(factor[r] for factor in factors))  # W = Σ w_r ⊗ W_m^r
        for r in range(len(shares))
    )
    scores = []
    for t, a, v in zip(*narrowed(model, batch), strict=True):
        total = head.bias.clone()
        for i in range(len(t)):
            for j in range(len(a)):
                total = total + t[i] * a[j] * (v @ weight[i, j])
        scores.append(total)
    return torch.stack(scores)


def naive_mult(model, batch):
    """Six cross-modal encoders, three of self-attention, last steps, a residual network."""
    names = ("text", "audio", "vision")
    graph, head = model.graph, model.graph.head
    scores = []
    for sample in range(len(batch.target)):
        streams = [
            convolved(graph.encoders[m].convolve, batch.features[m][sample][batch.masks[m][sample]])
            for m in names
        ]
        ends = []
        for target in range(3):
            others = [source for source in range(3) if source != target]
            crossed = [
                encoded(head.crossmodal.crossing[target][k], streams[target], streams[source])
                for k, source in enumerate(others)
            ]
            both = torch.cat(crossed, 1)
            ends.append(encoded(head.crossmodal.memory[target], both, both)[-1])
        fused = torch.cat(ends)
        hidden = head.hidden[3](head.hidden[0](fused).relu())
        scores.append(head.predict(fused + hidden))
    return torch.stack(scores)


def convolved(layer, x):
    """A convolution over the steps of x (L, F), zeros beyond both ends."""
    reach = layer.kernel_size[0] // 2
    steps = []
    for place in range(len(x)):
        total = torch.zeros(layer.out_channels, dtype=x.dtype)
        for k in range(-reach, reach + 1):
            if 0 <= place + k < len(x):
                total = total + layer.weight[:, :, k + reach] @ x[place + k]
        steps.append(total)
    return torch.stack(steps)


def encoded(encoder, x, y):
    """Layers in which x (L, D) attends to y (S, D), which stays what it is, causally."""
    x, y = placed(x), placed(y)
    reach = abs(len(x) - len(y))
    for layer in encoder.layers:
        query = layer.query(layer.norm(x))
        key, value = layer.key_value(layer.norm(y)).chunk(2, 1)
        width = x.shape[1] // layer.heads
        mixed = torch.zeros_like(x)
        for h in range(layer.heads):
            part = slice(h * width, (h + 1) * width)
            for i in range(len(x)):
                seen = range(min(i + reach + 1, len(y)))
                weights = torch.stack([query[i, part] @ key[j, part] for j in seen])
                weights = (weights / math.sqrt(width)).softmax(0)
                mixed[i, part] = sum(weights[j] * value[j, part] for j in seen)
        x = x + layer.out(mixed)
        x = x + layer.feed[3](layer.feed[0](layer.feed_norm(x)).relu())
    return encoder.norm(x)


def placed(x):
    """sqrt(D) x plus sines, then cosines, of the positions from 1."""
    half = x.shape[1] // 2
    rates = [10000 ** (-k / (half - 1)) for k in range(half)]
    rows = [
        [f((place + 1) * rate) for f in (math.sin, math.cos) for rate in rates]
        for place in range(len(x))
    ]
    return math.sqrt(x.shape[1]) * x + torch.tensor(rows, dtype=x.dtype)
