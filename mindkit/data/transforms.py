"""Standardising features: by the training split, by each sample, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from mindkit.data.store import Column, Split, Store
from mindkit.errors import DataError, did_you_mean

MODES = ("train", "utterance", "none")
EPSILON = 1e-6  # added to an utterance's deviation, as in MISA's and MInD's released code


def standardise(store: Store, modes: str | Mapping[str, str]) -> Store:
    """Return the store with every feature column at mean 0 and deviation 1.

    modes: one mode for all modalities but text, or modality -> mode. "train" takes mean and
    deviation over the real steps of the training split, "utterance" over each sample's own steps,
    "none" leaves the values alone. Columns of a feature that never vary become 0.
    """
    chosen = _by_modality(store, modes)
    splits = {name: split.columns.copy() for name, split in store.splits.items()}
    for modality, mode in chosen.items():
        statistics = _statistics(store.splits["train"].columns[modality])
        for columns in splits.values():
            column = columns[modality]
            values = _by_utterance(column) if mode == "utterance" else _scaled(column, *statistics)
            columns[modality] = replace(column, values=values.to(torch.float32))
    return replace(
        store,
        splits={n: Split(s.ids, splits[n], s.target) for n, s in store.splits.items()},
    )


def _by_modality(store: Store, modes: str | Mapping[str, str]) -> dict[str, str]:
    """The modes other than "none", by modality, after checking that each can be carried out."""
    first = next(iter(store.splits.values())).columns
    if isinstance(modes, str):
        modes = {m: modes for m in store.modalities if m != "text" and first[m].has_width}
    for modality, mode in modes.items():
        where = f"data.standardize for '{modality}'"
        if mode not in MODES:
            raise DataError(f"{where}: no mode '{mode}'{did_you_mean(mode, MODES)}")
        if modality not in first:
            hint = did_you_mean(modality, store.modalities)
            raise DataError(f"{where}: {store.name} has no modality '{modality}'{hint}")
        kind = first[modality].kind
        if mode != "none" and not first[modality].has_width:
            raise DataError(f"{where}: a {kind} column has no features; set it to none")
        if mode == "utterance" and kind == "vector":
            raise DataError(
                f"{where}: 'utterance' would turn every sample into zeros, since {modality} is one "
                f"vector a sample; set it to train or none"
            )
    return {modality: mode for modality, mode in modes.items() if mode != "none"}


def _statistics(column: Column) -> tuple[Tensor, Tensor]:
    """Mean (F,) and inverse deviation (F,), 0 where a column is constant; in float64."""
    assert isinstance(column.values, Tensor)
    values = column.values.to(torch.float64)
    deviation = values.std(0, correction=0)
    constant = column.values.amin(0) == column.values.amax(0)
    return values.mean(0), torch.where(constant, 0.0, 1 / deviation.masked_fill(constant, 1.0))


def _scaled(column: Column, mean: Tensor, scale: Tensor) -> Tensor:
    assert isinstance(column.values, Tensor)
    return (column.values - mean) * scale


def _by_utterance(column: Column) -> Tensor:
    """Values (sum L, F) after (x - mean) / (deviation + 1e-6) over each sample's own steps."""
    lengths = column.lengths
    assert isinstance(column.values, Tensor) and lengths is not None
    values = column.values.to(torch.float64)
    sample = torch.repeat_interleave(torch.arange(len(lengths)), lengths).to(values.device)
    count = lengths.to(values).unsqueeze(1)
    zeros = values.new_zeros(len(lengths), values.shape[1])
    centred = values - (zeros.index_add(0, sample, values) / count)[sample]
    variance = zeros.index_add(0, sample, centred**2) / count
    return centred / (variance.sqrt() + EPSILON)[sample]
