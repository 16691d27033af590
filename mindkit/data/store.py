"""The columnar store: each split is a set of columns, ragged where sequences are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from torch import Tensor

from mindkit.batch import Batch

ColumnKind = Literal["text", "tokens", "sequence", "vector"]


@dataclass(frozen=True)
class Statistics:
    """Mean (F,) and deviation (F,) over all steps, float64; a constant feature deviates by 0."""

    mean: Tensor
    deviation: Tensor


@dataclass(frozen=True)
class Column:
    """One modality of N samples.

    values: text N strings; tokens (sum L,) int64; sequence (sum L, F) and vector (N, F) float32.
    offsets: (N + 1,) int64 row bounds of tokens and sequences, on the CPU; else None.
    statistics: of the values, where an import wrote them down. `replace` leaves them behind, and
    the known digest, so that no change of values can keep them.
    """

    kind: ColumnKind
    values: list[str] | Tensor
    offsets: Tensor | None = None
    provenance: str = ""
    statistics: Statistics | None = field(default=None, init=False, compare=False, repr=False)
    _digest: str = field(default="", init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if (self.kind in ("tokens", "sequence")) != (self.offsets is not None):
            raise ValueError(
                f"offsets go with tokens and sequences, and with no {self.kind} column"
            )
        if self.offsets is not None and int(self.offsets[-1]) != len(self.values):
            raise ValueError(
                f"offsets end at {int(self.offsets[-1])}, but there are {len(self.values)} rows"
            )

    @classmethod
    def of_text(cls, strings: Iterable[str], provenance: str = "") -> Column:
        """Make a column of raw strings, one a sample."""
        return cls("text", list(strings), provenance=provenance)

    @classmethod
    def of_vectors(cls, values: Tensor, provenance: str = "") -> Column:
        """Make a column of one vector a sample from values (N, F)."""
        if values.ndim != 2:
            raise ValueError(f"vectors are (N, F), got {tuple(values.shape)}")
        return cls("vector", values.to(torch.float32), provenance=provenance)

    @classmethod
    def of_sequences(cls, samples: Sequence[Tensor], provenance: str = "") -> Column:
        """Make a ragged column from N tensors (L, F); one without a step gets one step of zeros."""
        filled = [s if len(s) else s.new_zeros(1, s.shape[1]) for s in samples]
        values = torch.cat(filled).to(torch.float32)
        return cls("sequence", values, _bounds([len(s) for s in filled]), provenance)

    @classmethod
    def of_tokens(cls, samples: Sequence[Tensor | Sequence[int]], provenance: str = "") -> Column:
        """Make a ragged column from N lists of token ids; an empty one gets the padding id 0."""
        filled = [torch.as_tensor(s, dtype=torch.int64) for s in samples]
        filled = [s if len(s) else s.new_zeros(1) for s in filled]
        return cls("tokens", torch.cat(filled), _bounds([len(s) for s in filled]), provenance)

    def __len__(self) -> int:
        return len(self.values) if self.offsets is None else len(self.offsets) - 1

    @property
    def width(self) -> int | None:
        """F of vectors and sequences; None for text and tokens."""
        return self.values.shape[1] if isinstance(self.values, Tensor) and self.has_width else None

    @property
    def has_width(self) -> bool:
        """True for the kinds that carry features: vectors and sequences."""
        return self.kind in ("sequence", "vector")

    @property
    def lengths(self) -> Tensor | None:
        """(N,) int64 on the CPU for tokens and sequences; None for text and vectors."""
        return None if self.offsets is None else self.offsets.diff()

    def to(self, device: torch.device | str) -> Column:
        """Return the column with its values on `device`; offsets stay on the CPU."""
        if not isinstance(self.values, Tensor):
            return self
        return replace(self, values=self.values.to(device))

    def take(self, rows: Tensor) -> Column:
        """Return the samples `rows` (n,) int64 (CPU), in that order."""
        if not isinstance(self.values, Tensor):
            return replace(self, values=[self.values[row] for row in rows.tolist()])
        if self.offsets is None:
            return replace(self, values=self.values[rows.to(self.values.device)])
        lengths = self.offsets.diff()[rows]
        offsets = _bounds(lengths)
        starts = torch.repeat_interleave(self.offsets[rows] - offsets[:-1], lengths)
        steps = starts + torch.arange(len(starts))
        return replace(self, values=self.values[steps.to(self.values.device)], offsets=offsets)

    def gather(self, rows: Tensor, pad_to: int | None = None) -> tuple[Tensor, Tensor | None]:
        """Return padded values (n, L, F) or (n, L) with their mask (n, L), or (n, F) and None.

        L is the longest of the samples `rows` (CPU), or `pad_to`, where longer ones are cut.
        Nothing is read back from the values' device.
        """
        values = self.values
        if not isinstance(values, Tensor):
            raise ValueError("raw text cannot be batched: let an encoder prepare the column first")
        if self.offsets is None:
            return values.index_select(0, _send(rows, values.device)), None
        bounds = torch.stack([self.offsets[rows], self.offsets[rows + 1]])
        longest = int((bounds[1] - bounds[0]).max()) if pad_to is None else pad_to
        start, stop = _send(bounds, values.device).unsqueeze(2)  # (n, 1) each
        steps = start + torch.arange(longest, device=values.device)  # (n, L)
        mask = steps < stop
        flat = torch.where(mask, steps, start).clamp_(max=len(values) - 1).flatten()
        padded = values.index_select(0, flat).unflatten(0, mask.shape)
        padding = ~mask if values.ndim == 1 else ~mask.unsqueeze(2)
        return padded.masked_fill_(padding, 0), mask

    def known_as(self, digest: str, statistics: Statistics | None = None) -> Column:
        """Return the column with a digest and statistics that need not be computed any more."""
        column = replace(self)
        object.__setattr__(column, "_digest", digest)
        object.__setattr__(column, "statistics", statistics)
        return column

    def digest(self) -> str:
        """Return the SHA-256 of kind and content, in hexadecimal digits."""
        if self._digest:
            return self._digest
        state = hashlib.sha256(self.kind.encode())
        if isinstance(self.values, Tensor):
            for tensor in (self.values, self.offsets):
                state.update(b"" if tensor is None else _bytes(tensor))
        else:
            state.update(json.dumps(self.values).encode())
        return state.hexdigest()


@dataclass(frozen=True)
class Split:
    """N samples: their ids, columns by modality, and targets (N,) float32 or int64.

    videos: the video, dialogue or speaker that each sample is cut from; None where unknown.
    """

    ids: list[str]
    columns: dict[str, Column]
    target: Tensor
    videos: list[str] | None = None

    def __post_init__(self) -> None:
        sizes = {name: len(column) for name, column in self.columns.items()}
        sizes["target"] = len(self.target)
        if self.videos is not None:
            sizes["videos"] = len(self.videos)
        for name, size in sizes.items():
            if size != len(self):
                raise ValueError(f"{name} has {size} samples, but there are {len(self)} ids")

    def __len__(self) -> int:
        return len(self.ids)

    def lengths(self, modalities: Iterable[str]) -> Tensor:
        """Return the longest time axis over `modalities` for each sample, (N,) int64 on the CPU."""
        longest = torch.ones(len(self), dtype=torch.int64)
        for modality in modalities:
            lengths = self.columns[modality].lengths
            longest = longest if lengths is None else torch.maximum(longest, lengths)
        return longest

    def batch(self, rows: Tensor, modalities: Iterable[str], pad_to: int | None = None) -> Batch:
        """Gather the samples `rows` (B,) int64 (CPU), on the columns' device.

        Sequences become (B, L, F) and tokens (B, L), zero behind their end, with masks (B, L);
        L is the longest of the batch in that modality, or exactly `pad_to`. Vectors are (B, F).
        """
        features: dict[str, Tensor] = {}
        masks: dict[str, Tensor] = {}
        for modality in modalities:
            features[modality], mask = self.columns[modality].gather(rows, pad_to)
            if mask is not None:
                masks[modality] = mask
        index = _send(rows, self.target.device)
        return Batch(features, masks, self.target.index_select(0, index), index)

    def take(self, rows: Tensor) -> Split:
        """Return the samples `rows` (n,) int64 (CPU), in that order."""
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        ids = [self.ids[row] for row in rows.tolist()]
        videos = None if self.videos is None else [self.videos[row] for row in rows.tolist()]
        return Split(ids, columns, self.target[rows.to(self.target.device)], videos)

    def to(self, device: torch.device | str) -> Split:
        """Return the split with columns and targets on `device`."""
        columns = {name: column.to(device) for name, column in self.columns.items()}
        return replace(self, columns=columns, target=self.target.to(device))

    def digest(self) -> str:
        """Return the SHA-256 of ids, targets and columns, in hexadecimal digits."""
        parts = [json.dumps(self.ids), hashlib.sha256(_bytes(self.target)).hexdigest()]
        parts += [f"{name}:{self.columns[name].digest()}" for name in sorted(self.columns)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Store:
    """A data set in memory, by split ("train", "valid", "test").

    leaky: modality -> why its features leak labels under `split_column`, the split in use.
    metrics: those of the data set, the first being the headline. layout: how the file was laid out,
    in words. aligned: whether all modalities have one step a word; None where that is not said.
    notes: sentences about what was done to the data when they were imported.
    factors: of simulated data, the truth: split -> name of the factors -> (N, k).
    """

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
    split_column: str = "split"
    factors: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    layout: str = ""
    aligned: bool | None = None
    notes: tuple[str, ...] = ()

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities that every split has, in the order of the first."""
        first = next(iter(self.splits.values())).columns
        return tuple(m for m in first if all(m in s.columns for s in self.splits.values()))

    def to(self, device: torch.device | str) -> Store:
        """Return the store with all splits on `device`."""
        return replace(self, splits={name: s.to(device) for name, s in self.splits.items()})

    def with_digest(self) -> Store:
        """Return the store with `digest` set to the SHA-256 of what its splits hold."""
        parts = [f"{name}:{split.digest()}" for name, split in sorted(self.splits.items())]
        return replace(self, digest=hashlib.sha256("\n".join(parts).encode()).hexdigest())

    def describe(self) -> dict[str, Any]:
        """Return sizes, zero labels, columns, source and digest as a plain map for run headers."""
        first = next(iter(self.splits.values())).columns
        zeros = {name: int((split.target == 0).sum()) for name, split in self.splits.items()}
        return {
            "name": self.name,
            "simulated": self.simulated,
            "source": self.source,
            "digest": self.digest,
            "task": self.task,
            "split_column": self.split_column,
            "layout": self.layout,
            "aligned": self.aligned,
            "samples": {name: len(split) for name, split in self.splits.items()},
            **({"zero_labels": zeros} if self.task == "regression" else {}),
            "columns": {
                name: {key: getattr(first[name], key) for key in ("kind", "width", "provenance")}
                for name in self.modalities
            },
            "leaky": dict(self.leaky),
        }


def _bounds(lengths: Sequence[int] | Tensor) -> Tensor:
    """Row bounds (N + 1,) of N samples of those lengths."""
    sizes = torch.as_tensor(lengths, dtype=torch.int64)
    return torch.cat([sizes.new_zeros(1), sizes.cumsum(0)])


def _send(tensor: Tensor, device: torch.device) -> Tensor:
    return tensor.to(device, non_blocking=True)  # a few hundred bytes; the device is not waited for


def _bytes(tensor: Tensor) -> bytes:
    shape = f"{tensor.dtype}{tuple(tensor.shape)}".encode()
    return shape + tensor.detach().cpu().contiguous().numpy().tobytes()
