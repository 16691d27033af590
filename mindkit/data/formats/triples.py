"""Lists of triples by split, as MISA and MAG-BERT pickle them: what one file or three have alike.

    ((words, visual, acoustic, …), label, segment)

    words          n strings (MAG-BERT), or n ids in a private vocabulary (MISA)
    visual         (n, F), one step a word
    acoustic       (n, F)
    actual_words   n strings (MISA); MMIM then has the steps of visual and of acoustic
    label          (1, 1), or (1, 7) of MOSEI: sentiment and six emotions
    segment        video[k]; not of UR-FUNNY

Ids of words are of no use, since their vocabulary can be read only by the code that wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mindkit.data.formats.naming import SINGLE, assign, name_samples, numbered
from mindkit.data.formats.pickled import Steps, described
from mindkit.data.formats.triple import STREAMS, Triple, parse_triple
from mindkit.data.raw import SPLITS, Drop, Feature, Part, Raw, Request
from mindkit.data.source import Source
from mindkit.errors import DataError, did_you_mean

SEVEN = ("sentiment", "happy", "sad", "anger", "surprise", "disgust", "fear")  # of MOSEI's label
REASON = "words, visual and acoustic differ in length"
BY_UTTERANCE = "standardised within each utterance, as by MISA's authors"


def read_triples(name: str, source: Source, lists: Mapping[str, Any], request: Request) -> Raw:
    """The samples in the lists of triples, by split.

    Those without one step a word in both streams are dropped, unless the file says how many steps
    they have, or most are so. A stream may be without a step. Raises DataError for a list that is
    empty or none, for a sample laid out otherwise than the rest, and for widths that change.
    """
    file = source.path.name
    triples = {split: _parsed(lists.get(split), f"{file}: {split}") for split in SPLITS}
    first = triples[SPLITS[0]][0]
    _refuse_other_forms(first, triples)
    roles = _roles(first, request, file)
    raw = Raw(name, "", [source.path], {}, roles)
    kept = _kept(raw, triples)
    words = f"{first.words_in} as text" if first.words_in else "without words"
    raw.layout = f"triples, {'aligned by words' if raw.aligned else 'unaligned'}, {words}"
    ids, videos = _named(triples, roles, file)
    for split, found in triples.items():
        rows = kept[split]
        raw.parts[split] = Part(
            [ids[split][row] for row in rows],
            np.array([_label(found[row], roles["label"]) for row in rows]),
            _features([found[row] for row in rows], roles),
            [videos[split][row] for row in rows] if videos else None,
            [f"item {row} of {split}" for row in rows],
        )
    _refuse_other_widths(raw)
    _describe(raw, first)
    return raw


def _parsed(items: Any, place: str) -> list[Triple]:
    if not isinstance(items, list | tuple) or not items:
        raise DataError(f"{place} is {described(items)}; a list of at least one sample is needed")
    return [parse_triple(item, f"{place}, item {number}") for number, item in enumerate(items)]


def _refuse_other_forms(first: Triple, triples: Mapping[str, list[Triple]]) -> None:
    for found in triples.values():
        for triple in found:
            if triple.form != first.form:
                raise DataError(
                    f"{triple.place} holds {triple.form}, but {first.place} {first.form}; all "
                    f"samples need one form"
                )


def _roles(first: Triple, request: Request, file: str) -> dict[str, str]:
    """Role -> part of a triple; of seven labels each has a name, and the first is the label."""
    obvious = {"label": "label", "id": "segment", "text": first.words_in}
    obvious |= {"audio": "acoustic", "vision": "visual"}
    if first.segment is None:
        del obvious["id"]
    labels = ["label", *(SEVEN if len(first.label) > 1 else ())]
    columns = [name for name in (first.words_in, *STREAMS) if name]
    roles = assign(file, [*labels, "segment", *columns], obvious, request.columns)
    for role, name in roles.items():
        possible = {"label": labels, "id": ["segment"]}.get(role, columns)
        if name not in possible:
            raise DataError(f"{file}: '{name}' is no {role}{did_you_mean(name, possible)}")
    return roles


def _kept(raw: Raw, triples: Mapping[str, list[Triple]]) -> dict[str, list[int]]:
    """The items of each split that are kept; says in `raw` whether they are aligned."""
    even = {split: [triple.even for triple in found] for split, found in triples.items()}
    share = np.mean([one for found in even.values() for one in found])
    sized = triples[SPLITS[0]][0].sized
    raw.aligned = bool(share == 1 if sized else share >= 0.5)
    if sized or not raw.aligned:
        return {split: list(range(len(found))) for split, found in triples.items()}
    kept = {}
    for split, found in even.items():
        kept[split] = [row for row, one in enumerate(found) if one]
        if not kept[split]:
            raise DataError(f"{raw.name}: {split} has no sample left, since {REASON} in all")
        if len(kept[split]) < len(found):
            raw.drops.append(Drop(split, len(found) - len(kept[split]), REASON))
    return kept


def _named(
    triples: Mapping[str, list[Triple]], roles: Mapping[str, str], file: str
) -> tuple[dict[str, list[str]], dict[str, list[str]] | None]:
    """Ids and videos by split, numbers where there are no segments."""
    if "id" not in roles:
        return {split: numbered(split, len(found)) for split, found in triples.items()}, None
    segments = {split: [one.segment for one in found] for split, found in triples.items()}
    return name_samples(file, "segment", segments)


def _label(triple: Triple, name: str) -> Any:
    return triple.label[SEVEN.index(name) if name in SEVEN else 0]


def _features(triples: Sequence[Triple], roles: Mapping[str, str]) -> dict[str, Feature]:
    made = {}
    for role, name in roles.items():
        if role in SINGLE:
            continue
        if name in STREAMS:
            places = [f"{triple.place}, {name}" for triple in triples]
            values = Steps([triple.streams[name] for triple in triples], places)
            provenance = BY_UTTERANCE if triples[0].words_in == "actual_words" else ""
            made[role] = Feature("ragged", values, None, name, provenance)
        else:
            texts = [" ".join(triple.words or []) for triple in triples]
            made[role] = Feature("text", texts, array=name)
    return made


def _refuse_other_widths(raw: Raw) -> None:
    """Raise unless each stream has as many features in all splits."""
    widths: dict[str, int] = {}
    for split, part in raw.parts.items():
        for role, feature in part.features.items():
            if not isinstance(feature.values, Steps):
                continue
            width, first = feature.values.width, widths.setdefault(role, feature.values.width)
            if width != first:
                raise DataError(
                    f"{raw.name}: {split}, {feature.array} is {width} wide, but {first} in "
                    f"{SPLITS[0]}; all splits need the same features"
                )


def _describe(raw: Raw, first: Triple) -> None:
    """Say what is left over, and what was made of it."""
    columns = ["words", first.words_in, *STREAMS, "segment" if first.segment is not None else ""]
    labels = SEVEN if len(first.label) > 1 else ()
    label = labels[0] if labels and raw.roles["label"] == "label" else raw.roles["label"]
    used = {label, *raw.roles.values()}
    raw.unused = [name for name in dict.fromkeys((*columns, *labels)) if name and name not in used]
    if labels:
        raw.notes.append(f"the label is '{label}', one of the seven numbers of MOSEI's labels")
    if not first.words_in:
        raw.notes.append("no text: words are ids in a vocabulary that is not in the file")
    if "id" not in raw.roles:
        raw.notes.append("no ids: samples are numbered by split, from 0")
    if not raw.aligned and not first.sized:
        raw.notes.append(f"{REASON} in most samples, so that all are kept, as unaligned")
