"""Batches of row numbers: pure functions of lengths, seed and epoch, so that a run can resume."""

from __future__ import annotations

import torch
from torch import Tensor

MEGA_BATCH = 16  # batches among which samples are sorted by length: little padding, still random


def epoch_batches(
    lengths: Tensor,
    batch_size: int,
    *,
    seed: int,
    epoch: int,
    group_by_length: bool,
    drop_last: bool,
) -> list[Tensor]:
    """Return the batches of one training epoch, each (B,) int64 rows on the CPU.

    lengths: (N,) longest time axis of each sample. With `group_by_length`, samples are shuffled,
    taken 16 batches at a time, sorted by length there, cut, and the batches shuffled. Every sample
    comes once; `drop_last` leaves out those that do not fill a batch.
    """
    generator = torch.Generator().manual_seed(_mix(seed, epoch))
    rows = torch.randperm(len(lengths), generator=generator)
    if drop_last:  # before sorting, so that it is not always the longest samples that go
        rows = rows[: len(rows) - len(rows) % batch_size]
    if group_by_length and len(rows):
        chunks = rows.split(MEGA_BATCH * batch_size)
        rows = torch.cat([chunk[lengths[chunk].argsort(stable=True)] for chunk in chunks])
    batches = list(rows.split(batch_size)) if len(rows) else []
    order = torch.randperm(len(batches), generator=generator)
    return [batches[position] for position in order.tolist()]


def ordered_batches(lengths: Tensor, batch_size: int) -> list[Tensor]:
    """Return batches of all N samples sorted by length, for evaluation; rows restore the order."""
    rows = lengths.argsort(stable=True)
    return list(rows.split(batch_size)) if len(rows) else []


def _mix(seed: int, epoch: int) -> int:
    """One 63-bit number of both (splitmix64), so that (1, 0) and (0, 1) have nothing in common."""
    mask = (1 << 64) - 1
    z = (seed * 0x9E3779B97F4A7C15 + (epoch + 1) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return (z ^ (z >> 31)) >> 1
