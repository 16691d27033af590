"""Standardising features: by the training split, or by each sample. Only real steps are there.

Arithmetic is in float64, in blocks that fit a cache: a copy of everything in float64 would need
twice the memory of the data, and take longer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from mindkit.data.store import Column, Statistics

EPSILON = 1e-6  # added to an utterance's deviation, as in MISA's and MInD's released code
BLOCK = 2048  # steps


def statistics_of(column: Column) -> Statistics:
    """Return mean and deviation of all steps, those written down at import where there are any."""
    if column.statistics is not None:
        return column.statistics
    assert isinstance(column.values, Tensor)
    values = column.values
    count = max(len(values), 1)
    mean = torch.stack([block.sum(0) for block in _blocks(values)]).sum(0) / count
    squares = torch.stack([((block - mean) ** 2).sum(0) for block in _blocks(values)])
    # Rounding leaves a constant a deviation of about 1e-17; extremes are exact.
    constant = values.amin(0) == values.amax(0)
    return Statistics(mean, (squares.sum(0) / count).sqrt().masked_fill(constant, 0.0))


def standardised(column: Column, statistics: Statistics) -> Column:
    """Return the column after (x - mean) / deviation; features without a deviation become 0."""
    assert isinstance(column.values, Tensor)
    mean, deviation = (
        one.to(column.values.device) for one in (statistics.mean, statistics.deviation)
    )
    inverse = torch.where(deviation > 0, 1 / deviation, 0.0)
    values = torch.empty_like(column.values)
    for target, block in zip(values.split(BLOCK), _blocks(column.values), strict=True):
        target.copy_((block - mean) * inverse)
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
