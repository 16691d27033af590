"""Which sequence plays which role: the label, words, audio, vision, or one that the user names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from mindkit.data.formats.csd_sequence import CsdSequence
from mindkit.data.raw import Array, Request
from mindkit.errors import DataError, did_you_mean

ROLES = ("label", "text", "audio", "vision", "text_states")
SIGNS = {  # in the names of files, else of their root groups; letters and digits only
    "label": re.compile(r"label|opinion"),
    "words": re.compile(r"words"),
    "vectors": re.compile(r"wordvectors|glove"),
    "audio": re.compile(r"coa?varep|acoustic|opensmile|audio"),
    "vision": re.compile(r"facet|openface|visual|vision"),
}
SEGMENT = re.compile(r"(.+)\[(\d+)\]")


@dataclass(frozen=True)
class Sequences:
    """The sequences in their roles.

    text: words, or vectors of words. streams: all others but the label, by modality or column.
    aligned: whether all have the keys of segments, `video[k]`.
    """

    label: CsdSequence
    text: CsdSequence
    streams: dict[str, CsdSequence]
    aligned: bool

    @property
    def by_role(self) -> dict[str, CsdSequence]:
        """All of them by role."""
        return {"label": self.label, "text": self.text, **self.streams}

    def label_keys(self) -> list[str]:
        """The keys of the labels: by video, segments by number."""
        return sorted(self.label.keys, key=lambda key: (self.video(key), self._number(key)))

    def video(self, key: str) -> str:
        """The video of a key."""
        return key.rpartition("[")[0] if self.aligned else key

    def lacking(self, key: str) -> str:
        """The first sequence without this key, "" where all have it."""
        lacks = (each.path.name for each in self.by_role.values() if key not in each.keys)
        return next(lacks, "")

    def text_of(self, key: str) -> tuple[list[str], Array | None, Array]:
        """Words (T), or none and the vectors of words (T, D), with their intervals (T, 2)."""
        if self.text.holds_words:
            words, intervals = self.text.words(key)
            return words, None, intervals
        vectors, intervals = self.text.numbers(key)
        return [], vectors, intervals

    def _number(self, key: str) -> int:
        return int(key[len(self.video(key)) + 1 : -1]) if self.aligned else 0


def choose(found: Sequence[CsdSequence], request: Request) -> Sequences:
    """Give each sequence its role, as the user says and else by its name.

    Raises DataError where a role could be played by several or, of label and text, by none, and
    where some sequences are aligned to labels and others are not.
    """
    said = _said(found, request)
    free = [each for each in found if each not in said.values()]
    by_sign: dict[str, list[CsdSequence]] = {sign: [] for sign in SIGNS}
    for each in free:
        if sign := _sign(each):
            by_sign[sign].append(each)
    by_sign["text"] = by_sign["words"] or by_sign["vectors"]
    roles = dict(said)
    for role in ("label", "text", "audio", "vision"):
        if role not in request.columns and (candidates := by_sign[role]):
            _refuse_several(role, candidates)
            roles[role] = candidates[0]
    for role in ("label", "text"):
        if role not in roles:
            raise DataError(
                f"no sequence is recognised as the {role} among "
                f"{', '.join(each.path.name for each in found)}; say which with --column "
                f"{role}=NAME"
            )
    label, text = roles.pop("label"), roles.pop("text")
    return Sequences(label, text, roles, _are_aligned([label, text, *roles.values()]))


def _said(found: Sequence[CsdSequence], request: Request) -> dict[str, CsdSequence]:
    """Role -> the sequence that the user names by file or root group."""
    said: dict[str, CsdSequence] = {}
    for role, name in request.columns.items():
        if role not in ROLES and (near := get_close_matches(role, ROLES, n=1, cutoff=0.8)):
            raise DataError(f"no role '{role}' for a sequence; did you mean '{near[0]}'?")
        if not name:
            continue
        named = [each for each in found if name in (each.name, each.path.name, each.root)]
        if len(named) != 1:
            hint = did_you_mean(name, [each.name for each in found])
            raise DataError(f"--column {role}: no single sequence is called '{name}'{hint}")
        said[role] = named[0]
    return said


def _sign(sequence: CsdSequence) -> str:
    """What the name of a sequence says it is, "" where it says nothing."""
    for name in (sequence.name, sequence.root):
        plain = re.sub(r"[^a-z0-9]", "", name.lower())
        for sign, pattern in SIGNS.items():
            if pattern.search(plain) and not (sign == "label" and "emotion" in plain):
                return sign
    return ""


def _refuse_several(role: str, candidates: Sequence[CsdSequence]) -> None:
    if len(candidates) > 1:
        raise DataError(
            f"{' and '.join(each.path.name for each in candidates)} could each be {role}; choose "
            f"one with --column {role}={candidates[0].name}"
        )


def _are_aligned(sequences: Sequence[CsdSequence]) -> bool:
    """True if all keys are of segments, False if none of the sequences is so."""
    aligned = {s.path.name: all(map(SEGMENT.fullmatch, s.keys)) for s in sequences}
    if len(set(aligned.values())) > 1:
        done = ", ".join(name for name, is_done in aligned.items() if is_done)
        rest = ", ".join(name for name, is_done in aligned.items() if not is_done)
        raise DataError(
            f"{done} is aligned to labels already, with keys video[k], but {rest} is not; take all "
            f"sequences as they are published, or all of them aligned"
        )
    return all(aligned.values())
