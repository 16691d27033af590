"""From a raw store to the columns that the encoders are fed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mindkit.config import spec
from mindkit.data.store import Column, Split, Store
from mindkit.data.transforms import standardise
from mindkit.errors import DataError, did_you_mean
from mindkit.kinds import Encoder


def prepare(
    store: Store, encoders: Mapping[str, Encoder], data: spec.Data, cache: Path | None
) -> Store:
    """Return the store with the encoders' modalities only, standardised and made ready for them.

    encoders: modality -> encoder, whose `prepare` sees the column of each split once. `cache` is a
    folder for what an encoder wants to keep, or None. The digest stays that of the raw data.
    """
    for modality, encoder in encoders.items():
        _check(store, modality, encoder)
    modes = data.standardize
    if not isinstance(modes, str):
        modes = {modality: mode for modality, mode in modes.items() if modality in encoders}
    kept = {
        name: Split(split.ids, {m: split.columns[m] for m in encoders}, split.target)
        for name, split in store.splits.items()
    }
    scaled = standardise(replace(store, splits=kept), modes)
    ready = {
        name: Split(
            split.ids,
            {m: encoder.prepare(split.columns[m], cache) for m, encoder in encoders.items()},
            split.target,
        )
        for name, split in scaled.splits.items()
    }
    return replace(scaled, splits=ready)


def _check(store: Store, modality: str, encoder: Encoder) -> None:
    if modality not in store.modalities:
        hint = did_you_mean(modality, store.modalities)
        raise DataError(
            f"{store.name} ({store.source or 'no source'}) has no modality '{modality}'{hint}; "
            f"leave it out with --drop {modality}"
        )
    column: Column = store.splits["train"].columns[modality]
    if column.kind not in encoder.accepts:
        raise DataError(
            f"encoders.{modality}: {type(encoder).__name__} takes {' or '.join(encoder.accepts)}, "
            f"but {modality} is a {column.kind} column ({column.provenance or store.source}); "
            f"set encoders.{modality}.type to an encoder for that kind"
        )
