"""Options that are one value for all modalities, or a map from modality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from mindkit.errors import did_you_mean

T = TypeVar("T")


def by_modality(option: str, value: T | Mapping[str, T], modalities: Sequence[str]) -> list[T]:
    """Return the value for each of `modalities`, in their order.

    option: its name, for messages. Raises ValueError where a map names others, or not all of them.
    """
    if not isinstance(value, Mapping):
        return [value for _ in modalities]
    for name in value:
        if name not in modalities:
            raise ValueError(f"{option} names '{name}'{did_you_mean(name, list(modalities))}")
    if absent := [name for name in modalities if name not in value]:
        raise ValueError(f"{option} is a map and has nothing for {', '.join(absent)}; add it")
    return [value[name] for name in modalities]
