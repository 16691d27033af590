"""One sample as MISA and MAG-BERT pickle it: ((words, visual, acoustic, …), label, segment)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mindkit.data.formats.pickled import described, steps_in, text_of
from mindkit.data.raw import Array
from mindkit.errors import DataError

STREAMS = ("visual", "acoustic")


@dataclass(frozen=True)
class Triple:
    """A sample, and where it stands.

    words: n strings under the name `words_in`; "" and None for n ids of a private vocabulary.
    streams: visual and acoustic (n, F), as stored. sized: the file says how many steps they have.
    label: (1,) or (7,). segment: None where there is none.
    """

    place: str
    words_in: str
    words: list[str] | None
    num_words: int
    streams: dict[str, Any]
    sized: bool
    label: Array
    segment: Any

    @property
    def form(self) -> str:
        """How it is laid out, in words."""
        words = self.words_in or "word ids alone"
        sizes = ", lengths" if self.sized else ""
        segment = "no segment" if self.segment is None else "a segment"
        return f"{words}{sizes}, a label of {len(self.label)}, {segment}"

    @property
    def even(self) -> bool:
        """True if visual and acoustic have one step a word, or none at all."""
        counts = {steps_in(self.streams[name], f"{self.place}, {name}") for name in STREAMS}
        return counts - {0} <= {self.num_words}


def is_triple(item: Any) -> bool:
    """True for a tuple of a tuple of three or more, of a label and perhaps of a segment."""
    if not isinstance(item, list | tuple) or len(item) not in (2, 3):
        return False
    return isinstance(item[0], list | tuple) and len(item[0]) in (3, 4, 6)


def parse_triple(item: Any, place: str) -> Triple:
    """Take a triple apart; raise DataError for a part that is none."""
    if not is_triple(item):
        raise DataError(
            f"{place} is {described(item)}; ((words, visual, acoustic), label, segment) is needed"
        )
    inner, label, *segment = item
    words_in = "words" if len(inner) == 3 else "actual_words"
    written = inner[0 if len(inner) == 3 else 3]
    num_words = steps_in(written, f"{place}, {words_in}")
    words: list[str] | None = None
    if isinstance(written, np.ndarray) and written.dtype.kind in "iu":
        words_in = ""
    else:
        words = _words(written, f"{place}, {words_in}")
    streams = dict(zip(STREAMS, inner[1:3], strict=True))
    if len(inner) == 6:
        streams = {
            name: _cut(streams[name], steps, f"{place}, {name}")
            for name, steps in zip(STREAMS, inner[4:], strict=True)
        }
    numbers = _label(label, f"{place}, label")
    return Triple(
        place, words_in, words, num_words, streams, len(inner) == 6, numbers, *(segment or [None])
    )


def _words(value: Any, place: str) -> list[str]:
    for number, word in enumerate(value):
        if not isinstance(word, str | bytes):
            raise DataError(f"{place}, word {number} is {described(word)}; a string is needed")
    return [text_of(word) for word in value]


def _cut(value: Any, steps: Any, place: str) -> Any:
    """The first `steps` of a stream; 0 counts as 1."""
    held = steps_in(value, place)
    if not isinstance(steps, int | np.integer) or not 0 <= steps <= held:
        raise DataError(
            f"{place} has {held} steps, but its length is said to be {described(steps)}"
        )
    return value[: max(int(steps), 1)]


def _label(value: Any, place: str) -> Array:
    """The numbers (1,) or (7,) of a label."""
    known = isinstance(value, int | float | np.generic | np.ndarray | list | tuple)
    try:
        numbers = np.asarray(value).reshape(-1) if known else np.zeros(0)
    except ValueError:  # lists of different lengths
        numbers = np.zeros(0)
    if len(numbers) not in (1, 7) or numbers.dtype.kind not in "fiub":
        raise DataError(f"{place} is {described(value)}; one number is needed, or MOSEI's seven")
    return numbers
