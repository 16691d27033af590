"""Cutting columns short: in time, and in value."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from mindkit.data.store import Column


def truncated(column: Column, steps: int) -> Column:
    """Return a ragged column with the first `steps` of each sample."""
    assert isinstance(column.values, Tensor) and column.offsets is not None
    lengths = column.offsets.diff()
    if int(lengths.max()) <= steps:
        return column
    place = torch.arange(len(column.values)) - torch.repeat_interleave(column.offsets[:-1], lengths)
    kept = (place < steps).to(column.values.device)
    offsets = torch.cat([lengths.new_zeros(1), lengths.clamp(max=steps).cumsum(0)])
    return replace(column, values=column.values[kept], offsets=offsets)


def clipped(column: Column, bound: float) -> Column:
    """Return the column with its values limited to -bound and bound."""
    assert isinstance(column.values, Tensor)
    return replace(column, values=column.values.clamp(-bound, bound))
