"""The batch: what the data layer hands to the model."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """B samples on one device.

    features: modality -> (B, L, F) sequence, (B, L) token ids, or (B, F) vector.
    masks: modality -> (B, L) bool, True = real; only for features with a time axis.
    target: (B,) float for regression, (B,) int64 for classification; None when unknown.
    index: (B,) int64, the row of each sample in its split: the key of per-sample state.
    """

    features: dict[str, Tensor]
    masks: dict[str, Tensor]
    target: Tensor | None
    index: Tensor

    def __len__(self) -> int:
        return len(self.index)
