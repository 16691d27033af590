"""DSN with a modality in the place of a domain, from the encoded vectors on, written out.

Only the weights of the components are taken, as plain matrices; parts are dicts from modality to
(B, d). The encoders are one layer with a sigmoid, as MISA's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, gelu, relu

Layer = tuple[Tensor, Tensor]  # weight (D_in, D_out) and bias (D_out,)
Parts = Mapping[str, Tensor]


@dataclass(frozen=True)
class Networks:
    """E_c, E_p by modality, the one decoder, the domain classifier, and the head."""

    common: Layer
    private: Mapping[str, Layer]
    decoder: Layer
    domain: Sequence[Layer]
    head: Sequence[Layer]


def naive_dsn(
    encoded: Parts, target: Tensor, networks: Networks, strength: float
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the prediction (B, 1) and the unweighted terms; `strength` is the reversal's."""
    common = {m: torch.sigmoid(affine(networks.common, z)) for m, z in encoded.items()}
    private = {m: torch.sigmoid(affine(networks.private[m], z)) for m, z in encoded.items()}

    fuse, hidden, output = networks.head
    joint = affine(fuse, torch.cat(list(common.values()), 1))
    prediction = affine(output, gelu(affine(hidden, joint)))

    scores, labels = [], []
    for label, m in enumerate(encoded):
        reversed_ = (1 + strength) * common[m].detach() - strength * common[m]
        first, second = networks.domain
        scores.append(affine(second, relu(affine(first, reversed_))))
        labels += [label] * len(target)

    difference = reconstruction = 0.0
    for m, z in encoded.items():
        difference = difference + orthogonality(common[m], private[m])
        error = z - affine(networks.decoder, common[m] + private[m])
        for e in error:
            k = len(e)
            reconstruction += ((e @ e) / k - e.sum() ** 2 / k**2) / len(error)
    return prediction, {
        "task": ((prediction[:, 0] - target) ** 2).mean(),
        "sim": cross_entropy(torch.cat(scores), torch.tensor(labels)),
        "diff": difference,
        "recon": reconstruction,
    }


def orthogonality(x: Tensor, y: Tensor) -> Tensor:
    """Mean of the squared entries of X̂ᵀ Ŷ, rows divided by their constant norms, not centred."""
    x = torch.stack([row / (row.norm().detach() + 1e-6) for row in x])
    y = torch.stack([row / (row.norm().detach() + 1e-6) for row in y])
    return (x.T @ y).square().mean()


def affine(layer: Layer, x: Tensor) -> Tensor:
    weight, bias = layer
    return x @ weight + bias
