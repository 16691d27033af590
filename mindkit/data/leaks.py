"""The leak guard: features that know the labels of the split in use are refused."""

from __future__ import annotations

from collections.abc import Iterable

from mindkit.data.store import Store
from mindkit.errors import DataError


def refuse_leaks(store: Store, modalities: Iterable[str], allow: bool) -> list[str]:
    """Raise if one of `modalities` leaks under the split in use; if allowed, return the stamps.

    A stamp is a sentence that every output of the run must carry. Nothing leaky, no stamps.
    """
    leaking = [modality for modality in modalities if modality in store.leaky]
    if leaking and not allow:
        raise DataError("\n".join(_refusal(store, modality) for modality in leaking))
    return [
        f"LEAKY FEATURES: {modality} knows labels under split '{store.split_column}'; "
        f"not comparable with any published number"
        for modality in leaking
    ]


def _refusal(store: Store, modality: str) -> str:
    where = store.splits["train"].columns[modality].provenance or store.source
    return (
        f"{modality} ({where}) leaks labels under the split column '{store.split_column}': "
        f"{store.leaky[modality]}; leave it out with --drop {modality}, import the data under "
        f"another split column, or override with --set data.allow_leaky=true, which marks every "
        f"output"
    )
