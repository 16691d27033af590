"""Which column of a store feeds which modality, and as what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch

from mindkit.data.store import Column, Store
from mindkit.errors import DataError, did_you_mean


def choose_columns(store: Store, columns: Mapping[str, str]) -> Store:
    """Return the store with each modality of `columns` fed from the column named there.

    A modality takes over its column's leaks too. Other columns, and the digest, stay as they are.
    """
    for modality, column in columns.items():
        if column not in store.modalities:
            raise DataError(
                f"data.columns.{modality}: {store.name} ({store.source or 'no source'}) has no "
                f"column '{column}'{did_you_mean(column, store.modalities)}"
            )
    splits = {}
    for name, split in store.splits.items():
        fed = {m: split.columns[column] for m, column in columns.items()}
        splits[name] = replace(split, columns=split.columns | fed)
    leaky = {m: reason for m, reason in store.leaky.items() if m not in columns}
    leaky |= {m: store.leaky[column] for m, column in columns.items() if column in store.leaky}
    return replace(store, splits=splits, leaky=leaky)


def as_sequences(store: Store, names: Sequence[str]) -> Store:
    """Return the store with the vectors of each column in `names` as sequences of one step.

    So that a method that works over time takes features of a whole utterance. The digest stays.
    """
    columns = store.splits["train"].columns
    for name in names:
        if name not in columns:
            raise DataError(
                f"data.one_step: {store.name} ({store.source or 'no source'}) has no column "
                f"'{name}'{did_you_mean(name, list(columns))}"
            )
        if columns[name].kind != "vector":
            raise DataError(
                f"data.one_step: {name} is a {columns[name].kind} column, and only vectors can "
                f"become sequences of one step; leave {name} out"
            )
    splits = {
        name: replace(
            split, columns=split.columns | {m: _one_step(split.columns[m]) for m in names}
        )
        for name, split in store.splits.items()
    }
    return replace(store, splits=splits)


def _one_step(column: Column) -> Column:
    return replace(column, kind="sequence", offsets=torch.arange(len(column) + 1))
