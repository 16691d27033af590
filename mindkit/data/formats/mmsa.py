"""MMSA's pickles of MOSI, MOSEI, SIMS and others: one dict of arrays for each split.

    raw_text                        N strings
    text, audio, vision             (N, L, F), padded with zeros; text is BERT's states
    text_bert                       (N, 3, L): token ids, mask, segment ids, as ints or floats
    audio_lengths, vision_lengths   N real steps each; in unaligned files
    id                              N strings video$_$clip
    regression_labels               N numbers; of SIMS _T, _A and _V too, by modality
    classification_labels           N classes

The features of a modality may stand in a pickle of their own; then the folder of all is named.
"""

from __future__ import annotations

from collections.abc import Mapping

from mindkit.data.formats.mmsa_files import LABELS, is_main, main_of, pickles_of, read_arrays
from mindkit.data.formats.naming import assign
from mindkit.data.formats.sample_arrays import STATES, TOKENS, Arrays, lengths_of
from mindkit.data.formats.split_arrays import (
    ALIGNED,
    array_names,
    one_axis,
    read_parts,
    unused_arrays,
)
from mindkit.data.raw import Feature, Raw, Request
from mindkit.data.source import Source

TITLE = "MMSA pickle: train, valid and test, each with regression_labels, text, audio and vision"

TEXTS = ("raw_text", "text", TOKENS)  # the first that is there is `text`
COLUMNS = {  # other columns -> their arrays
    "audio": "audio",
    "vision": "vision",
    TOKENS: TOKENS,
    "text_states": "text",
    "label_text": "regression_labels_T",
    "label_audio": "regression_labels_A",
    "label_vision": "regression_labels_V",
}


def recognises(source: Source) -> bool:
    """True for a pickle of splits with labels and features, or a folder that holds one."""
    return any(is_main(data) for data in pickles_of(source).values())


def read(source: Source, request: Request) -> Raw:
    """Read one pickle, or a folder of one and of others that replace its features.

    Raises DataError for a folder in which two pickles could be that one, for arrays that do not fit
    together, and for a data set of real labels in a file that has classes alone.
    """
    pickles = pickles_of(source)
    main = main_of(source, pickles)
    parts, notes = read_arrays(pickles, main)
    roles = assign(main, array_names(parts), _obvious(parts, request), request.columns)
    labels = {split: part.one_label(roles["label"]) for split, part in parts.items()}
    found = read_parts(parts, roles, labels)
    aligned = _aligned(parts["train"], found["train"].features)
    layout = _layout(aligned, found["train"].features)
    raw = Raw("mmsa", layout, [source.path], found, roles, aligned)
    raw.files += [source.file(name) for name in pickles if source.is_folder]
    raw.unused = unused_arrays(parts, pickles[main], list(roles.values()))
    raw.notes += notes if "id" in roles else [*notes, "no ids: samples are numbered by split"]
    return raw


def _obvious(parts: Mapping[str, Arrays], request: Request) -> dict[str, str]:
    """Role -> array, where there is no choice; classes are labels of classification alone."""
    names = array_names(parts)
    text = next((name for name in TEXTS if name in names), "")
    label = LABELS[request.dataset.task == "classification"]
    columns = {"label": label, "id": "id"} | {r: a for r, a in COLUMNS.items() if a != text}
    return {"text": text} | {role: array for role, array in columns.items() if array in names}


def _aligned(part: Arrays, features: Mapping[str, Feature]) -> bool | None:
    """Whether all have one length axis, without lengths of their own."""
    if any(lengths_of(name) in part.entries for name in ("audio", "vision")):
        return False
    return one_axis(features.values())


def _layout(aligned: bool | None, features: Mapping[str, Feature]) -> str:
    kinds = {"text": "raw text", "tokens": "BERT ids", "padded": "stored vectors"}
    texts = [
        feature.provenance if feature.provenance in STATES.values() else kinds[feature.kind]
        for role, feature in features.items()
        if role.startswith("text") and feature.kind in kinds
    ]
    said = [f"text as {' and '.join(texts)}"] if texts else []
    return ", ".join(["MMSA pickle", *ALIGNED[aligned], *said])
