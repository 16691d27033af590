"""The columnar store: each split is a set of columns, ragged where sequences are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor

ColumnKind = Literal["text", "tokens", "sequence", "vector"]


@dataclass(frozen=True)
class Column:
    """One modality of N samples.

    values: text N strings; tokens (sum L,) int64; sequence (sum L, F) float32; vector (N, F) float32.
    offsets: (N + 1,) int64 row bounds of tokens and sequences, on the CPU; else None.
    """

    kind: ColumnKind
    values: list[str] | Tensor
    offsets: Tensor | None = None
    provenance: str = ""


@dataclass(frozen=True)
class Split:
    """N samples: their ids, columns by modality, and targets (N,) float32 or int64."""

    ids: list[str]
    columns: dict[str, Column]
    target: Tensor


@dataclass(frozen=True)
class Store:
    """A data set in memory, by split ("train", "valid", "test")."""

    name: str
    splits: dict[str, Split]
    task: Literal["regression", "classification"]
    num_outputs: int = 1
    label_range: tuple[float, float] | None = None
    classes: tuple[str, ...] = ()
    simulated: bool = False
    source: str = ""
    digest: str = ""
    leaky: dict[str, str] = field(default_factory=dict)
