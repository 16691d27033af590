"""FDMER as reconstructed, from the encoded vectors on, written out sample by sample.

Only the weights of the components are taken, as plain matrices. Modalities are text, audio, vision,
in this order; parts are dicts from modality to (B, d).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, gelu, leaky_relu

Layer = tuple[Tensor, Tensor]  # weight (D_in, D_out) and bias (D_out,)
Parts = Mapping[str, Tensor]


@dataclass(frozen=True)
class Networks:
    """Two layers each of E_c, of E_m by modality, of the discriminator D and of the last network.

    query, key, value: W_Q, W_K, W_V (d, d). norm: weight and bias. score: W and b, and q (d,).
    """

    common: Sequence[Layer]
    private: Mapping[str, Sequence[Layer]]
    discriminator: Sequence[Layer]
    query: Tensor
    key: Tensor
    value: Tensor
    norm: Layer
    score: Layer
    q: Tensor
    predict: Sequence[Layer]


def naive_fdmer(
    encoded: Parts, target: Tensor, networks: Networks, strength: float
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the prediction (B, 1) and the unweighted terms; `strength` is the reversal's."""
    modalities = list(encoded)
    common = {m: two_layers(networks.common, encoded[m], gelu) for m in modalities}
    private = {m: two_layers(networks.private[m], encoded[m], gelu) for m in modalities}
    prediction = fused([*common.values(), *private.values()], networks)

    confused = identified = 0.0
    for label, m in enumerate(modalities):
        labels = torch.full((len(target),), label)
        reversed_ = (1 + strength) * common[m].detach() - strength * common[m]
        for kind, vectors in (("confused", reversed_), ("identified", private[m])):
            scores = two_layers(networks.discriminator, vectors, lambda x: leaky_relu(x, 0.01))
            loss = cross_entropy(scores, labels) / len(modalities)
            confused += loss if kind == "confused" else 0.0
            identified += loss if kind == "identified" else 0.0

    pairs = list(combinations(modalities, 2))
    consistency = sum(similarity(common[m], common[n]) for m, n in pairs)
    disparity = sum(hsic(common[m], private[m]) for m in modalities)
    disparity = disparity + sum(hsic(private[m], private[n]) for m, n in pairs)
    return prediction, {
        "task": ((prediction[:, 0] - target) ** 2).mean(),
        "adv": confused + identified,
        "con": consistency,
        "dis": disparity,
    }


def fused(tokens: Sequence[Tensor], networks: Networks) -> Tensor:
    """The prediction (B, 1) from six tokens (B, d), one sample at a time."""
    rows = []
    for i in range(len(tokens[0])):
        h = torch.stack([token[i] for token in tokens])  # H (6, d)
        scores = (h @ networks.query) @ (h @ networks.key).T / math.sqrt(h.shape[1])
        h = h + torch.softmax(scores, 1) @ (h @ networks.value)
        mean, variance = h.mean(1, keepdim=True), h.var(1, keepdim=True, unbiased=False)
        h = (h - mean) / torch.sqrt(variance + 1e-5) * networks.norm[0] + networks.norm[1]
        weight, bias = networks.score
        beta = torch.softmax(torch.tanh(h @ weight + bias) @ networks.q, 0)  # (6,)
        rows.append(torch.cat([beta[k] * h[k] for k in range(len(h))]))
    return two_layers(networks.predict, torch.stack(rows), gelu)


def similarity(x: Tensor, y: Tensor) -> Tensor:
    """‖S_x − S_y‖_F² / n², S the cosines between the samples."""
    n, total = len(x), x.new_zeros(())
    for i in range(n):
        for j in range(n):
            total = total + (cosine(x[i], x[j]) - cosine(y[i], y[j])) ** 2
    return total / n**2


def hsic(x: Tensor, y: Tensor) -> Tensor:
    """Biased, with the linear kernel, on rows of length 1."""
    n = len(x)
    x = torch.stack([row / row.norm() for row in x])
    y = torch.stack([row / row.norm() for row in y])
    h = torch.eye(n, dtype=x.dtype) - torch.ones(n, n, dtype=x.dtype) / n
    return torch.trace(x @ x.T @ h @ (y @ y.T) @ h) / (n - 1) ** 2


def cosine(a: Tensor, b: Tensor) -> Tensor:
    return (a * b).sum() / (a.norm() * b.norm())


def two_layers(layers: Sequence[Layer], x: Tensor, activation) -> Tensor:
    (w1, b1), (w2, b2) = layers
    return activation(x @ w1 + b1) @ w2 + b2
