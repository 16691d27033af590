"""The pickles that MMSA's data stand in: one, or a folder of one and of others for its features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mindkit.data.formats.naming import name_samples
from mindkit.data.formats.sample_arrays import TOKENS, Arrays, lengths_of
from mindkit.data.formats.split_arrays import has_splits, split_arrays
from mindkit.data.source import Source
from mindkit.errors import DataError

LABELS = ("regression_labels", "classification_labels")
STREAMS = ("text", TOKENS, "audio", "vision")


def pickles_of(source: Source) -> dict[str, Any]:
    """File name -> what is in it: the file itself, or all pickles of the folder."""
    if not source.is_folder:
        return {source.path.name: source.unpickle()}
    names = sorted(path.name for path in source.path.glob("*.pkl"))
    return {name: source.unpickle(name) for name in names}


def is_main(data: Any) -> bool:
    """True for splits with labels and features."""
    return has_splits(data, LABELS) and has_splits(data, STREAMS)


def main_of(source: Source, pickles: Mapping[str, Any]) -> str:
    """The pickle with labels and more features than any other."""
    held = {
        name: {stream for stream in STREAMS if has_splits(data, [stream])}
        for name, data in pickles.items()
        if is_main(data)
    }
    main = max(held, key=lambda name: len(held[name]))
    rivals = [name for name in held if name != main and held[name] >= held[main]]
    if rivals:
        raise DataError(
            f"{source.path} holds {main} and {rivals[0]}, each with labels and "
            f"{', '.join(sorted(held[main]))}; name the one to read, or put it into a folder with "
            f"those that replace its features"
        )
    return main


def read_arrays(pickles: Mapping[str, Any], main: str) -> tuple[dict[str, Arrays], list[str]]:
    """The arrays of `main`, by split, with features taken from the others; and notes on those."""
    parts, notes = split_arrays(pickles[main], main), []
    for name, data in pickles.items():
        if name == main:
            continue
        if not has_splits(data, STREAMS):
            notes.append(f"{name} is not used: it holds none of {', '.join(STREAMS)} by split")
            continue
        taken: dict[str, None] = {}
        for split, other in split_arrays(data, name).items():
            taken |= dict.fromkeys(_replace(parts[split], other))
        notes.append(f"{', '.join(taken)} from {name}")
    return parts, notes


def _replace(part: Arrays, other: Arrays) -> list[str]:
    """Take the features of another pickle with their lengths; return their names."""
    if "id" in part.entries and "id" in other.entries:
        ours, theirs = (
            name_samples(one.file, "id", {one.split: one.listed("id")})[0][one.split]
            for one in (part, other)
        )
        if ours != theirs:
            raise DataError(
                f"{other.file}: {other.split} has other ids, or another order of them, than "
                f"{part.file}; both must hold the same samples in the same order"
            )
    taken = [stream for stream in STREAMS if stream in other.entries]
    for name in taken:
        if name in part.files:
            raise DataError(f"both {part.files[name]} and {other.file} hold '{name}'; keep one")
        part.entries.pop(lengths_of(name), None)
        for held in {name, lengths_of(name)} & other.entries.keys():
            part.entries[held], part.files[held] = other.entries[held], other.file
    return taken
