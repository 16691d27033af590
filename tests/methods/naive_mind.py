"""MInD's objective, equations 5 to 19, written out pair by pair: what the engine is held to.

Nothing here is stacked, banked or shared with the components; only their weights are taken, as
plain matrices. Tensors are float64; parts are dicts from modality to (B, D).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor
from torch.nn.functional import gelu, relu, softplus

Layers = Sequence[tuple[Tensor, Tensor]]  # (weight (D_in, D_out), bias (D_out,)) of each layer
Parts = Mapping[str, Tensor]


@dataclass(frozen=True)
class Networks:
    """The weights of every network in the objective.

    statistics: T of each information term, by ("invariant" | "specific" | "noise", modality).
    decoders: D_R by modality. cyclic: D_C by ("from_noise" | "to_noise", modality). noise: G_N.
    """

    statistics: Mapping[tuple[str, str], Layers]
    decoders: Mapping[str, Layers]
    cyclic: Mapping[tuple[str, str], Layers]
    noise: Layers


@dataclass(frozen=True)
class Choices:
    """Where the paper and the authors' code differ; the defaults are the code's.

    sums: terms are summed over their rows, as printed, and not averaged. lambda_bt: "1/d" or "d".
    noise_loss: "mae" or "mse". cyclic_error: "mean" over entries, or "mean_batch" of squared norms.
    reversal: the coefficient of both gradient reversals.
    """

    sums: bool = False
    lambda_bt: str = "1/d"
    noise_loss: str = "mae"
    cyclic_error: str = "mean"
    reversal: float = 1.0


def naive_mind(
    encoded: Parts,
    gaussian: Parts,
    invariant: Parts,
    specific: Parts,
    noise: Parts,
    prediction: Tensor,
    target: Tensor,
    networks: Networks,
    choices: Choices,
) -> dict[str, Tensor]:
    """Return the unweighted value () of each term; info is the estimate, to be maximised.

    prediction (B, 1) and target (B,), a regression. Modalities are those of `encoded`, in order.
    """
    modalities = list(encoded)
    pairs = list(combinations(modalities, 2))

    everything = torch.cat([encoded[m] for m in modalities], 1)  # (B, M D)
    shared, private, meaningless = [], [], []
    for m in modalities:
        shared.append(jsd(networks.statistics["invariant", m], everything, invariant[m]))
        private.append(jsd(networks.statistics["specific", m], encoded[m], specific[m]))
        meaningless.append(jsd(networks.statistics["noise", m], gaussian[m], noise[m]))
    groups = [shared, private, meaningless]

    consistency = [barlow_twins(invariant[m], invariant[n], choices.lambda_bt) for m, n in pairs]

    difference = [hsic(invariant[m], specific[m]) for m in modalities]
    difference += [hsic(specific[m], specific[n]) for m, n in pairs]
    difference += [hsic(invariant[m], noise[m]) for m in modalities]
    difference += [hsic(specific[m], noise[m]) for m in modalities]

    reconstruction = []
    for m in modalities:
        rebuilt = network(
            networks.decoders[m], torch.cat([invariant[m], specific[m], noise[m]], 1), gelu
        )
        squared = ((encoded[m] - rebuilt) ** 2).sum(1)  # (B,)
        reconstruction.append(mean(squared / encoded[m].shape[1]))

    cyclic = []
    for m in modalities:
        informative = torch.cat([invariant[m], specific[m]], 1)  # F_m
        for way, source, wanted in (
            ("from_noise", noise[m], informative),
            ("to_noise", informative, noise[m]),
        ):
            predicted = network(networks.cyclic[way, m], grl(source, choices.reversal), gelu)
            norms = ((wanted - predicted) ** 2).sum(1)  # (B,)
            width = wanted.shape[1] if choices.cyclic_error == "mean" else 1
            cyclic.append(mean(norms / width))

    meaningless_parts = torch.cat([noise[m] for m in modalities], 1)
    guess = network(networks.noise, grl(meaningless_parts, choices.reversal), gelu)[:, 0]
    gap = target - guess

    sums = choices.sums
    return {
        "task": mean((target - prediction[:, 0]).abs()),
        "np": mean(gap**2 if choices.noise_loss == "mse" else gap.abs()),
        "info": sum_of([sum_of(g) if sums else sum_of(g) / len(g) for g in groups]),
        "cons": sum_of(consistency) / (1 if sums else len(consistency)),
        "diff": sum_of(difference) / (1 if sums else len(difference)),
        "recon": sum_of(reconstruction) / len(reconstruction),  # a mean in both
        "cyr": sum_of(cyclic) / (1 if sums else len(cyclic)),
    }


def jsd(statistics: Layers, x: Tensor, y: Tensor) -> Tensor:
    """Eq. 5, with the authors' negatives: y of the next sample in the batch."""
    n = len(x)
    value = x.new_zeros(())
    for i in range(n):
        true = network(statistics, torch.cat([x[i], y[i]]).unsqueeze(0), relu)[0, 0]
        false = network(statistics, torch.cat([x[i], y[(i + 1) % n]]).unsqueeze(0), relu)[0, 0]
        value = value - softplus(-true) / n - softplus(false) / n
    return value


def barlow_twins(a: Tensor, b: Tensor, lambda_bt: str) -> Tensor:
    """Eq. 7 and 8, entry by entry, with the 1e-5 of BatchNorm added to the variances."""
    n, d = a.shape
    weight = 1 / d if lambda_bt == "1/d" else d
    a, b = a - a.mean(0), b - b.mean(0)
    total = a.new_zeros(())
    for i in range(d):
        for j in range(d):
            scale = torch.sqrt(
                ((a[:, i] ** 2).sum() / n + 1e-5) * ((b[:, j] ** 2).sum() / n + 1e-5)
            )
            c = (a[:, i] * b[:, j]).sum() / n / scale
            total = total + ((1 - c) ** 2 if i == j else weight * c**2)
    return total


def hsic(r1: Tensor, r2: Tensor) -> Tensor:
    """Eq. 10, as printed."""
    n = len(r1)
    u = torch.eye(n, dtype=r1.dtype) - torch.ones(n, n, dtype=r1.dtype) / n
    return torch.trace(u @ (r1 @ r1.T) @ u @ (r2 @ r2.T)) / (n - 1) ** 2


def network(layers: Layers, x: Tensor, activation) -> Tensor:
    """Linear layers with `activation` between them. Shapes: x (B, D_in) -> (B, D_out)."""
    for position, (weight, bias) in enumerate(layers):
        x = (activation(x) if position else x) @ weight + bias
    return x


def grl(x: Tensor, strength: float) -> Tensor:
    """x, with its gradient multiplied by -strength."""
    return (1 + strength) * x.detach() - strength * x


def mean(values: Tensor) -> Tensor:
    return values.sum() / len(values)


def sum_of(values: Sequence[Tensor]) -> Tensor:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total
