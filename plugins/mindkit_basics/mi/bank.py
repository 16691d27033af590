"""Negatives from earlier batches.

Axes: R copies, N length of the queue, B batch, E width of z.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mindkit_basics.mi.negatives import InBatch, Negatives


class Bank(nn.Module):
    """A queue of the last N z for each copy, without gradient, in buffers and so in checkpoints.

    Evaluation reads it and leaves it alone. While fewer than N are held, those take turns in the N
    places; while none is, `empty` is true and what is read is no sample. A queue serves one row: of
    rows that share a copy, each would meet the others' z, which are no samples of its marginal.
    """

    queue: Tensor
    held: Tensor

    def __init__(self, copies: int, size: int, z_dim: int) -> None:
        super().__init__()
        if size < 1:
            raise ValueError(f"memory is the number of z that a bank keeps, at least 1; got {size}")
        self.register_buffer("queue", torch.zeros(copies, size, z_dim))  # the newest last
        self.register_buffer("held", torch.zeros((), dtype=torch.int64))

    @property
    def empty(self) -> Tensor:
        """Whether nothing is held yet, ()."""
        return self.held == 0

    def past(self, z: Tensor) -> Tensor:
        """Return all that is held, newest first. Shapes: z (..., B, E) -> (..., N, E)."""
        size = self.queue.shape[1]
        return self._at(torch.arange(size, device=z.device) % self.held.clamp(min=1), z)

    def drawn(self, z: Tensor) -> Tensor:
        """Return a random one for each sample, the same place in every queue.

        Shapes: z (..., B, E) -> (..., B, E).
        """
        share = torch.rand(z.shape[-2], device=z.device)
        return self._at((share * self.held).long(), z)

    def take(self, z: Tensor) -> None:
        """Put a batch in and the oldest out; nothing in evaluation. Shapes: z (..., B, E)."""
        if not self.training:
            return
        size = self.queue.shape[1]
        rows = z.detach().reshape(len(self.queue), *z.shape[-2:]).to(self.queue)
        self.queue.copy_(torch.cat([self.queue, rows], 1)[:, -size:])
        self.held.copy_((self.held + z.shape[-2]).clamp(max=size))

    def _at(self, age: Tensor, z: Tensor) -> Tensor:
        """The z at these ages, 0 the newest. Shapes: age (K,), z (..., B, E) -> (..., K, E)."""
        copies, size, _ = self.queue.shape
        if z.shape[:-2].numel() != copies:
            raise ValueError(
                f"a bank keeps one row of samples a copy, got z {tuple(z.shape)} for {copies} "
                "copies; give rows copies of their own, or choose other negatives"
            )
        # A new tensor, which autograd may hold while `take` writes to the queue.
        chosen = self.queue.index_select(1, size - 1 - age)
        return chosen.to(z).reshape(*z.shape[:-2], *chosen.shape[1:])


def with_bank(negatives: Negatives, copies: int, memory: int, z_dim: int) -> InBatch | Bank:
    """Return `negatives`, or in place of "bank" an empty one for `memory` z."""
    return Bank(copies, memory, z_dim) if negatives == "bank" else negatives
