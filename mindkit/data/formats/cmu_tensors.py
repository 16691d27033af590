"""The CMU tensors of MulT's authors, and MultiBench's: one dict of arrays for each split.

    text, audio, vision   (N, L, F), padded with zeros in front; text is GloVe vectors
    labels                (N, 1, 1); of IEMOCAP (N, 4, 2), one-hot for each of four emotions
    id                    (N, 3): clip, start, end; not in every file

MultiBench's loader leaves out items without text, and cuts what precedes the first word.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mindkit.data.formats.first_words import from_first_word
from mindkit.data.formats.naming import assign
from mindkit.data.formats.sample_arrays import Arrays
from mindkit.data.formats.split_arrays import (
    ALIGNED,
    array_names,
    has_splits,
    one_axis,
    read_parts,
    split_arrays,
    unused_arrays,
)
from mindkit.data.raw import Array, Drop, Raw, Request
from mindkit.data.source import Source
from mindkit.errors import DataError

TITLE = "CMU tensors: a pickle of train, valid and test, each with labels, text, audio and vision"

LABELS = "labels"
COLUMNS = ("text", "audio", "vision")
EMOTIONS = ("neutral", "happy", "sad", "angry")  # of IEMOCAP, in the order of its labels
MULTIBENCH = ("_raw.pkl", "humor.pkl", "sarcasm.pkl")  # how the names of its files end


def recognises(source: Source) -> bool:
    """True for a pickle of splits with `labels` and features."""
    if source.is_folder:
        return False
    data = source.unpickle()
    return has_splits(data, [LABELS]) and has_splits(data, COLUMNS)


def read(source: Source, request: Request) -> Raw:
    """Read all samples; of MultiBench's files those with text, from its first word on, as it does.

    Raises DataError for IEMOCAP's labels unless `request.columns` says which emotion is the label,
    and for arrays that do not fit together.
    """
    file = source.path.name
    data = source.unpickle()
    parts = split_arrays(data, file)
    roles = _roles(parts, request, file)
    labels = {split: _labels(part, roles["label"]) for split, part in parts.items()}
    raw = Raw("cmu_tensors", "", [source.path], {}, roles)
    raw.parts = read_parts(parts, roles, _from_zero(labels, request, raw))
    raw.aligned = one_axis(raw.parts["train"].features.values())
    raw.layout = ", ".join(["CMU tensors", *ALIGNED[raw.aligned]])
    raw.unused = unused_arrays(parts, data, [*roles.values(), LABELS])
    if "id" not in roles:
        raw.notes.append("no ids: samples are numbered by split, from 0")
    if file.endswith(MULTIBENCH) and "text" in array_names(parts):
        _as_multibench(raw, parts)
    return raw


def _roles(parts: Mapping[str, Arrays], request: Request, file: str) -> dict[str, str]:
    names = array_names(parts)
    obvious = {"label": LABELS, "id": "id"} | {name: name for name in COLUMNS}
    obvious = {role: name for role, name in obvious.items() if name in names}
    labels = parts["train"].entries.get(LABELS)
    emotions = EMOTIONS if isinstance(labels, np.ndarray) and labels.shape[1:] == (4, 2) else ()
    roles = assign(file, [*names, *emotions], obvious, request.columns)
    if emotions and roles["label"] == LABELS:
        raise DataError(
            f"{file}: '{LABELS}' tell for each of {', '.join(EMOTIONS)} whether a clip shows it; "
            f"choose one with --column label=happy"
        )
    return roles


def _as_multibench(raw: Raw, parts: Mapping[str, Arrays]) -> None:
    """Leave out samples without text, and what precedes the first word; count and say so."""
    raw.layout = f"MultiBench's {raw.layout}"
    for split, part in raw.parts.items():
        text = parts[split].feature("text")
        if text.kind != "padded":
            raise DataError(f"{parts[split].place('text')} must be (N, L, F), a vector a word")
        kept = from_first_word(part, np.asarray(text.values))
        if not len(kept):
            raise DataError(f"{parts[split].place('text')} is zero in all samples; none is left")
        if len(kept) < len(part):
            raw.drops.append(Drop(split, len(part) - len(kept), "text is zero at all steps"))
        raw.parts[split] = kept
    raw.notes.append("steps before the first word are cut, as MultiBench does")


def _labels(part: Arrays, name: str) -> Array:
    """Numbers or names (N,); of an emotion 1 where the clip shows it and 0 where it does not."""
    if name not in EMOTIONS or name in part.entries:
        return part.one_label(name)
    values = part.labels(LABELS)
    right = values.shape[1:] == (len(EMOTIONS), 2) and bool(np.isin(values, (0, 1)).all())
    if not right or (values.sum(axis=2) != 1).any():
        raise DataError(
            f"{part.place(LABELS)} must be one-hot (N, 4, 2), a 0 and a 1 for each emotion"
        )
    return values[:, EMOTIONS.index(name)].argmax(axis=1)


def _from_zero(labels: dict[str, Array], request: Request, raw: Raw) -> dict[str, Array]:
    """Classes -1 and 1 as 0 and 1, for a data set of two classes."""
    if request.dataset.task != "classification" or request.dataset.num_outputs != 2:
        return labels
    if {-1, 1} != {value for found in labels.values() for value in np.unique(found)}:
        return labels
    raw.notes.append("labels -1 and 1 are classes 0 and 1")
    return {split: (found > 0).astype(np.int64) for split, found in labels.items()}
