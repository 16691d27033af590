"""Which column of a store feeds which modality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mindkit.data.store import Store
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
