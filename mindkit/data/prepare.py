"""From a raw store to the columns that the encoders are fed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mindkit.config import spec
from mindkit.data.aligning import aligned
from mindkit.data.store import Split, Store
from mindkit.data.transforms import transform
from mindkit.errors import DataError, did_you_mean
from mindkit.kinds import Encoder


def prepare(
    store: Store, encoders: Mapping[str, Encoder], data: spec.Data, cache: Path | None
) -> Store:
    """Return the store with the encoders' modalities only, as `data` and the encoders want them.

    encoders: modality -> encoder, whose `prepare` sees the column of each split once. `cache` is a
    folder for what an encoder wants to keep, or None. The digest stays that of the raw data.
    """
    for modality, encoder in encoders.items():
        _check(store, modality, encoder)
    kept = {
        name: replace(split, columns={m: split.columns[m] for m in encoders})
        for name, split in store.splits.items()
    }
    treated = transform(replace(store, splits=kept), data, encoders)
    ready = {}
    for name, split in treated.splits.items():
        if data.align != "none":
            split = _align(split, encoders, data)
        columns = {m: one.prepare(split.columns[m], cache) for m, one in encoders.items()}
        ready[name] = replace(split, columns=columns)
    return replace(treated, splits=ready)


def _align(split: Split, encoders: Mapping[str, Encoder], data: spec.Data) -> Split:
    """Expand the other modalities to the tokens of the one whose encoder knows their words."""
    (text,) = (m for m, one in encoders.items() if hasattr(one, "words_of_tokens"))
    column = split.columns[text]
    if column.kind != "text":
        raise DataError(
            f"data.align needs the words of {text}, which is a {column.kind} column "
            f"({column.provenance}); feed {text} from raw words (data.columns), or set "
            f"data.align=none"
        )
    words = encoders[text].words_of_tokens(column)  # type: ignore[operator]
    return aligned(split, text, words, data.align, data.one_step)


def _check(store: Store, modality: str, encoder: Encoder) -> None:
    if modality not in store.modalities:
        hint = did_you_mean(modality, store.modalities)
        raise DataError(
            f"{store.name} ({store.source or 'no source'}) has no modality '{modality}'{hint}; "
            f"leave it out with --drop {modality}"
        )
    column = store.splits["train"].columns[modality]
    if column.kind not in encoder.accepts:
        raise DataError(
            f"encoders.{modality}: {type(encoder).__name__} takes {' or '.join(encoder.accepts)}, "
            f"but {modality} is a {column.kind} column ({column.provenance or store.source}); "
            f"set encoders.{modality}.type to an encoder for that kind"
        )
