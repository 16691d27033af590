"""Standardising features: by the training split, or by each sample. Only real steps are there.

Arithmetic is in float64, in blocks that fit a cache: a copy of everything in float64 would need
twice the memory of the data, and take longer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mindkit.data.store import Column

EPSILON = 1e-6  # added to an utterance's deviation, as in MISA's and MInD's released code
BLOCK = 2048  # steps


@dataclass(frozen=True)
class Scale:
    """Mean (F,) and inverse deviation (F,), 0 where a feature never varies; in float64."""

    mean: Tensor
    inverse: Tensor


def scale_of(column: Column) -> Scale:
    """Return the scale of all steps of a column."""
    assert isinstance(column.values, Tensor)
    values = column.values
    count = max(len(values), 1)
    mean = torch.stack([block.sum(0) for block in _blocks(values)]).sum(0) / count
    squares = torch.stack([((block - mean) ** 2).sum(0) for block in _blocks(values)])
    deviation = (squares.sum(0) / count).sqrt()
    # Rounding leaves a constant a deviation of about 1e-17; extremes are exact.
    constant = values.amin(0) == values.amax(0)
    return Scale(mean, torch.where(constant, 0.0, 1 / deviation.masked_fill(constant, 1.0)))


def standardised(column: Column, scale: Scale) -> Column:
    """Return the column after (x - mean) / deviation; constant features become 0."""
    assert isinstance(column.values, Tensor)
    values = torch.empty_like(column.values)
    for target, block in zip(values.split(BLOCK), _blocks(column.values), strict=True):
        target.copy_((block - scale.mean) * scale.inverse)
    return replace(column, values=values)


def standardised_by_utterance(column: Column) -> Column:
    """Return the column after (x - mean) / (deviation + 1e-6) over each sample's own steps."""
    assert isinstance(column.values, Tensor) and column.offsets is not None
    values = torch.empty_like(column.values)
    offsets = column.offsets
    cuts = torch.searchsorted(offsets, torch.arange(0, len(values), BLOCK)).unique().tolist()
    for first, last in zip(cuts, [*cuts[1:], len(offsets) - 1], strict=True):
        rows = slice(int(offsets[first]), int(offsets[last]))
        block = column.values[rows].to(torch.float64)
        values[rows] = _by_sample(block, offsets[first : last + 1].diff().to(values.device))
    return replace(column, values=values)


def _by_sample(values: Tensor, lengths: Tensor) -> Tensor:
    """Values (sum L, F) standardised within each of the samples of `lengths` (n,)."""
    sample = torch.repeat_interleave(torch.arange(len(lengths), device=values.device), lengths)
    count = lengths.to(values.dtype).unsqueeze(1)
    zeros = values.new_zeros(len(lengths), values.shape[1])
    centred = values - (zeros.index_add(0, sample, values) / count)[sample]
    variance = zeros.index_add(0, sample, centred**2) / count
    return centred / (variance.sqrt() + EPSILON)[sample]


def _blocks(values: Tensor) -> Iterator[Tensor]:
    return (block.to(torch.float64) for block in values.split(BLOCK))
