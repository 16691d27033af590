"""Writing one column of all splits: without NaN and infinities, and with what was seen counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mindkit.data.blocks import BlockWriter
from mindkit.data.moments import Moments
from mindkit.data.raw import Array, Raw
from mindkit.data.streams import Stream, Window, stream_of
from mindkit.data.targets import place_of
from mindkit.errors import DataError


@dataclass
class _Count:
    """Values or samples that are odd: how many, in how many samples, and the first sample."""

    values: int = 0
    samples: int = 0
    first: int = -1

    def add(self, values: int, samples: Array) -> None:
        """Take in the different `samples`, counted through all splits."""
        self.values += values
        self.samples += len(samples)
        if self.first < 0 and len(samples):
            self.first = int(samples[0])


@dataclass
class Written:
    """What is known of a column once it is written; `digests` and `steps` by split."""

    kind: str
    width: int | None = None
    digests: dict[str, str] = field(default_factory=dict[str, str])
    steps: dict[str, int] = field(default_factory=dict[str, int])
    longest: int = 0
    sides: set[str] = field(default_factory=set[str])
    bad: _Count = field(default_factory=_Count)
    blank: _Count = field(default_factory=_Count)
    moments: Moments | None = None

    def facts(self) -> dict[str, Any]:
        """The facts as plain data, for the manifest."""
        facts: dict[str, Any] = {"kind": self.kind, "width": self.width, "digests": self.digests}
        if self.kind in ("sequence", "tokens"):
            facts |= {"steps": self.steps, "longest": self.longest}
            facts |= {"padding": self._padding(), "without_steps": self.blank.samples}
        if self.moments is not None:
            facts["not_finite"] = self.bad.values
            facts["statistics"] = {
                "mean": self.moments.mean.tolist(),
                "deviation": self.moments.deviation.tolist(),
            }
        return facts

    def _padding(self) -> str:
        """The side of all splits together."""
        sides = self.sides - {"none", "unclear"}
        return "both" if len(sides) > 1 else next(iter(sides or self.sides), "none")


def write_column(
    writer: BlockWriter, raw: Raw, name: str, windows: Mapping[str, Window], nan: str
) -> tuple[Written, list[str]]:
    """Write the column `name` of all splits; return what it holds, and notes.

    windows: by split, of padded sequences that share their steps with others. nan: "error" or
    "zero".
    """
    if next(iter(raw.parts.values())).features[name].kind == "text":
        return _write_text(writer, raw, name)
    array = next(iter(raw.parts.values())).features[name].array or name
    where = f"{raw.name}: array '{array}' ({name})"
    streams = {s: stream_of(p.features[name], where, windows.get(s)) for s, p in raw.parts.items()}
    first = next(iter(streams.values()))
    for split, stream in streams.items():
        if (stream.kind, stream.width) != (first.kind, first.width):
            raise DataError(
                f"{where} is a {stream.kind} of width {stream.width} in {split}, but a "
                f"{first.kind} of width {first.width} in {next(iter(streams))}; all splits need "
                f"the same features"
            )
    written = Written(first.kind, first.width or None)
    written.moments = Moments(first.width) if first.width else None
    start = 0
    for split, stream in streams.items():
        pieces = _clean(stream, written, start, split == "train")
        digest = writer.column(split, name, stream.kind, stream.lengths, stream.shape, pieces)
        written.digests[split] = digest
        written.steps[split] = stream.shape[0]
        written.sides.add(stream.side)
        if stream.lengths is not None:
            written.longest = max(written.longest, int(stream.lengths.max()))
        start += stream.count
    return written, _notes(raw, name, array, written, nan)


def is_unicode(text: str) -> bool:
    """False for half a surrogate pair, which Python can hold and UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _clean(stream: Stream, written: Written, start: int, train: bool) -> Iterator[Array]:
    """The pieces as they are kept; what is odd about them is counted in `written`."""
    for values, sample in stream.pieces():
        if stream.kind == "tokens":
            yield values.astype(np.int64)
            continue
        with np.errstate(over="ignore"):  # what is too large for float32 is found below
            piece = values.astype(np.float32)
        bad = ~np.isfinite(piece)
        if bad.any():
            written.bad.add(int(bad.sum()), start + np.unique(sample[bad.any(axis=1)]))
            piece[bad] = 0
        if stream.kind == "sequence":
            starts = np.flatnonzero(np.diff(sample, prepend=-1))
            filled = np.logical_or.reduceat((values != 0).any(axis=1), starts)
            written.blank.add(0, start + sample[starts[~filled]])
        if train and written.moments is not None:
            written.moments.add(piece)
        yield piece


def _notes(raw: Raw, name: str, array: str, written: Written, nan: str) -> list[str]:
    """Sentences on what is odd; raises where NaN and infinities are no option."""
    notes = []
    if written.bad.values:
        where = f"{written.bad.values} values in {written.bad.samples} samples of array '{array}'"
        first = f"first at {place_of(raw, written.bad.first)}"
        if nan == "error":
            raise DataError(
                f"{raw.name}: {where} are NaN or infinite, {first}; mend them, or set them to 0 "
                f"with --nan zero"
            )
        notes.append(f"{where} were NaN or infinite and are set to 0, {first}")
    if written.blank.samples:
        notes.append(
            f"{name}: {written.blank.samples} samples have no step that differs from 0, first "
            f"{place_of(raw, written.blank.first)}"
        )
    return notes


def _write_text(writer: BlockWriter, raw: Raw, name: str) -> tuple[Written, list[str]]:
    written, empty, start = Written("text"), _Count(), 0
    for split, part in raw.parts.items():
        strings = list(part.features[name].values)
        for sample, text in enumerate(strings):
            if not isinstance(text, str) or not is_unicode(text):
                raise DataError(
                    f"{raw.name}: {name} of {place_of(raw, start + sample)} is no text that UTF-8 "
                    f"can write ({text!r:.40}); mend it, or leave it out with --column {name}="
                )
        blank = [start + sample for sample, text in enumerate(strings) if not text.strip()]
        empty.add(0, np.array(blank, np.int64))
        written.digests[split] = writer.text(split, name, strings)
        start += len(strings)
    first = f"first {place_of(raw, empty.first)}" if empty.samples else ""
    return written, [f"{name}: {empty.samples} texts are empty, {first}"] if first else []
