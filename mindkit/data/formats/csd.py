"""Computational sequences of the CMU SDK: one .csd file for words, labels and each modality.

Words are the steps: of the entries of a stream that overlap a word, the mean is taken; the words
that overlap the interval of a label are a sample, `video[k]` for label k of the video. Pauses are
left out with their frames. Sequences that are aligned already, with keys `video[k]`, are taken as
they are. Where there are no words but vectors of words, these are the text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from mindkit.data.formats.alignment import averages, lasting, overlapping
from mindkit.data.formats.csd_roles import Sequences, choose
from mindkit.data.formats.csd_sequence import opened
from mindkit.data.raw import SPLITS, Array, Drop, Feature, Part, Raw, Request
from mindkit.data.source import Source
from mindkit.errors import DataError

TITLE = "CMU SDK folder: .csd files of words, labels and modalities"
SUFFIX = ".csd"
PAUSES = ("sp", "")
NO_WORD = "no word in the interval of the label"


@dataclass(frozen=True)
class _Sample:
    """One labelled interval. words: n strings, none where text is a stream; streams (n, D)."""

    key: str
    video: str
    place: str
    label: float
    words: list[str]
    streams: dict[str, Array]


@dataclass
class _Tally:
    """What is counted on the way: samples by split and reason, values and words by stream."""

    drops: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    not_finite: Counter[str] = field(default_factory=Counter[str])
    without_entry: Counter[str] = field(default_factory=Counter[str])
    words: int = 0


def recognises(source: Source) -> bool:
    """True for a .csd file, or a folder with one."""
    if not source.is_folder:
        return source.path.suffix.lower() == SUFFIX
    return any(path.suffix.lower() == SUFFIX for path in source.path.iterdir())


def read(source: Source, request: Request) -> Raw:
    """Align words and streams to the labels, one video in memory at a time.

    Raises DataError for a file alone, for roles that no file or several could play, without folds,
    and for files that are damaged or not laid out as sequences.
    """
    if not source.is_folder:
        raise DataError(
            f"{source.path.name} is one sequence; name the folder that holds it with the sequences "
            f"of words and labels"
        )
    names = sorted(p.name for p in source.path.iterdir() if p.suffix.lower() == SUFFIX)
    with opened([source.file(name) for name in names]) as found:
        chosen = choose(found, request)
        if not request.folds:
            raise DataError(
                f"{source.path} does not say which split a video is in, and the folds of this data "
                f"set are not known; name them with --folds FILE"
            )
        tally = _Tally()
        samples: dict[str, list[_Sample]] = {split: [] for split in SPLITS}
        for split, sample in _samples(chosen, request.folds, tally):
            samples[split].append(sample)
    drops = [Drop(split, count, reason) for (split, reason), count in sorted(tally.drops.items())]
    parts = {split: _part(group, chosen) for split, group in samples.items() if group}
    if not parts:
        why = "; ".join(f"{drop.count} samples: {drop.reason}" for drop in drops)
        raise DataError(
            f"{source.path}: no sample is left ({why or 'there are no labels'}); check that all "
            f"sequences and the folds are of one data set"
        )
    layout = "aligned to labels already" if chosen.aligned else "aligned to words here"
    raw = Raw("csd", f"CMU SDK sequences, {layout}", [source.path], parts, aligned=True)
    raw.files += [each.path for each in chosen.by_role.values()]
    raw.roles = {role: each.name for role, each in chosen.by_role.items()}
    raw.unused = [each for each in (file.name for file in found) if each not in raw.roles.values()]
    raw.drops, raw.notes = drops, _notes(chosen, tally)
    return raw


def _samples(
    chosen: Sequences, folds: Mapping[str, str], tally: _Tally
) -> Iterator[tuple[str, _Sample]]:
    """Split and sample for each label, key by key; what is left out is counted."""
    for key in chosen.label_keys():
        split = folds.get(chosen.video(key), "")
        lacking = chosen.lacking(key)
        if not split:
            tally.drops[split, "the video is in no fold"] += chosen.label.count(key)
        elif lacking:
            tally.drops[split, f"{lacking} lacks the video"] += chosen.label.count(key)
        else:
            reader = _stored if chosen.aligned else _aligned
            for sample in reader(chosen, key, split, tally):
                yield split, sample


def _stored(chosen: Sequences, key: str, split: str, tally: _Tally) -> Iterator[_Sample]:
    """The segment `key` as it is stored, but for pauses."""
    words, vectors, intervals = chosen.text_of(key)
    streams = {} if vectors is None else {"text": vectors}
    streams |= {role: stream.numbers(key)[0] for role, stream in chosen.streams.items()}
    rows = np.flatnonzero(~_pauses(words, len(intervals)))
    labels, _ = chosen.label.numbers(key)
    if {len(values) for values in streams.values()} - {len(intervals)}:
        tally.drops[split, "sequences have different numbers of steps"] += 1
    elif not len(rows) or not len(labels):
        tally.drops[split, NO_WORD] += 1
    else:
        yield _Sample(
            key,
            chosen.video(key),
            f"key {key}",
            float(labels[0, 0]),
            [words[row] for row in rows] if words else [],
            {role: values[rows] for role, values in streams.items()},
        )


def _aligned(chosen: Sequences, video: str, split: str, tally: _Tally) -> Iterator[_Sample]:
    """The samples of a video: its words with their means, dealt out to the labels."""
    words, vectors, intervals = chosen.text_of(video)
    rows = np.flatnonzero(lasting(intervals) & ~_pauses(words, len(intervals)))
    rows = rows[np.argsort(intervals[rows, 0], kind="stable")]
    intervals = intervals[rows]
    means = {} if vectors is None else {"text": vectors[rows]}
    for role, stream in chosen.streams.items():
        values, entries = stream.numbers(video)
        finite = np.isfinite(values)
        tally.not_finite[role] += finite.size - int(finite.sum())
        means[role], counts = averages(intervals, entries, np.where(finite, values, 0))
        tally.without_entry[role] += int((counts == 0).sum())
    tally.words += len(rows)
    labels, spans = chosen.label.numbers(video)
    for number, span in enumerate(spans):
        inside = overlapping(span, intervals)
        if not inside.any():
            tally.drops[split, NO_WORD] += 1
            continue
        yield _Sample(
            f"{video}[{number}]",
            video,
            f"label {number} of {video}",
            float(labels[number, 0]),
            [words[row] for row in rows[inside]] if words else [],
            {role: values[inside] for role, values in means.items()},
        )


def _pauses(words: list[str], count: int) -> Array:
    """Which of the `count` steps are pauses, bool (count,); vectors of words do not tell."""
    return np.array([word.strip() in PAUSES for word in words] or [False] * count, bool)


def _part(samples: list[_Sample], chosen: Sequences) -> Part:
    features: dict[str, Feature] = {}
    if chosen.text.holds_words:
        texts = [" ".join(sample.words) for sample in samples]
        features["text"] = Feature("text", texts, array=chosen.text.name)
    mean = "" if chosen.aligned else ", mean over the word"
    for role in samples[0].streams:
        sequence = chosen.by_role[role]
        features[role] = Feature(
            "ragged",
            [sample.streams[role] for sample in samples],
            array=sequence.name,
            provenance=sequence.root + ("" if role == "text" else mean),
        )
    return Part(
        [sample.key for sample in samples],
        np.array([sample.label for sample in samples]),
        features,
        [sample.video for sample in samples],
        [sample.place for sample in samples],
    )


def _notes(chosen: Sequences, tally: _Tally) -> list[str]:
    """Sentences about what the alignment did beside what is dropped."""
    names = {role: each.name for role, each in chosen.by_role.items()}
    notes = [
        f"{count} values of {names[role]} are NaN or infinite, and count as 0 in the means"
        for role, count in tally.not_finite.items()
        if count
    ]
    notes += [
        f"{count} of {tally.words} words have no entry in {names[role]}, and are 0 there"
        for role, count in tally.without_entry.items()
        if count
    ]
    if not chosen.text.holds_words:
        notes.append(
            f"no sequence holds the words themselves, so `text` is {names['text']}; pauses cannot "
            f"be told in it, and are kept"
        )
    if unlabelled := len(chosen.text.keys - chosen.label.keys):
        notes.append(f"{unlabelled} keys of {names['text']} have no label")
    notes += [f"no sequence is {role}" for role in ("audio", "vision") if role not in names]
    return notes
