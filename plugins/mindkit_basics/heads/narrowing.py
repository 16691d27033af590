"""The networks that bring each part to a width of its own before parts are multiplied."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from mindkit.api import by_modality

Widths = int | dict[str, int]
Dropouts = float | dict[str, float]
Rectify = bool | dict[str, bool]


def narrowing(
    parts_dim: int,
    modalities: Sequence[str],
    widths: Widths,
    layers: int,
    dropout: Dropouts,
    rectify: Rectify,
) -> tuple[list[int], nn.ModuleList]:
    """Return the width of each part, and dropout -> (Linear -> ReLU) `layers` times for each.

    rectify: whether the last layer has its ReLU.
    """
    if layers < 1:
        raise ValueError(f"layers must be at least 1, got {layers}")
    each = by_modality("widths", widths, modalities)
    dropouts = by_modality("part_dropout", dropout, modalities)
    rectified = by_modality("rectify", rectify, modalities)
    networks = []
    for width, probability, ends in zip(each, dropouts, rectified, strict=True):
        steps: list[nn.Module] = [nn.Dropout(probability)]
        for a, b in pairwise([parts_dim, *[width] * layers]):
            steps += [nn.Linear(a, b), nn.ReLU()]
        networks.append(nn.Sequential(*(steps if ends else steps[:-1])))
    return each, nn.ModuleList(networks)
