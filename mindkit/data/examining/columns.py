"""The columns over all splits: what each holds, and what is odd about its values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from mindkit.data.converting import TABLE
from mindkit.data.examining.findings import ColumnFacts, Finding, Level, counted
from mindkit.data.examining.scanning import Scan, scan
from mindkit.data.raw import Array, Feature, Part, Raw
from mindkit.errors import DataError
from mindkit.kinds import Dataset

SHOWN = 8  # features that a message lists
Scans = dict[str, dict[str, Scan]]


def examine_columns(
    raw: Raw, dataset: type[Dataset]
) -> tuple[dict[str, ColumnFacts], Scans, list[Finding]]:
    """Facts by column, scans by column and split, and findings; every value is read once."""
    facts: dict[str, ColumnFacts] = {}
    scans: Scans = {}
    findings: list[Finding] = []
    for name in dict.fromkeys(name for part in raw.parts.values() for name in part.features):
        parts = {split: part for split, part in raw.parts.items() if name in part.features}
        lacking = [split for split in raw.parts if split and split not in parts]
        if lacking:
            told = f"the split {' and '.join(lacking)} has no such column"
            action = "look for the missing array: no run can use a column that a split lacks"
            findings.append(Finding("warning", name, told, action))
        try:
            seen = Seen(name, parts, {s: scan(part.features[name]) for s, part in parts.items()})
            facts[name] = _facts(seen, dataset)
        except DataError as error:
            action = f"mend the file, or leave the column out with --column {name}="
            findings.append(Finding("fault", name, str(error), action))
            continue
        scans[name] = seen.scans
        findings += _findings(seen, facts[name], dataset, raw.format)
    return facts, scans, findings


def place_of(part: Part, sample: int) -> str:
    """Where a sample stands, and its id: "row 7 (id a_7)"."""
    place = part.places[sample] if part.places is not None else f"sample {sample}"
    return f"{place} (id {part.ids[sample]})"


@dataclass(frozen=True)
class Seen:
    """One column, with the samples and the scan of each split."""

    name: str
    parts: dict[str, Part]
    scans: dict[str, Scan]

    @property
    def features(self) -> dict[str, Feature]:
        return {split: part.features[self.name] for split, part in self.parts.items()}

    @property
    def kind(self) -> str:
        return next(iter(self.features.values())).kind

    def count(self, which: Callable[[Scan], Array]) -> int:
        """How many samples `which` holds of; it gives (N,) bools of a scan."""
        return sum(int(which(one).sum()) for one in self.scans.values())

    def first(self, which: Callable[[Scan], Array]) -> str:
        """The first sample that `which` holds of, in words."""
        for split, one in self.scans.items():
            rows = np.flatnonzero(which(one))
            if len(rows):
                return f"first {place_of(self.parts[split], int(rows[0]))}"
        raise ValueError("it holds of no sample")


def _facts(seen: Seen, dataset: type[Dataset]) -> ColumnFacts:
    first = next(iter(seen.features.values()))
    looked = {split: one for split, one in seen.scans.items() if one.dtype}  # has a sample
    widths = {split: len(one.low) for split, one in looked.items()}
    if len(set(widths.values())) > 1:
        told = ", ".join(f"{width} in {split}" for split, width in widths.items())
        raise DataError(f"the splits have different features: {told}")
    has_width = seen.kind in ("vector", "padded", "ragged")
    width = next(iter(widths.values()), 0) if has_width else None
    low = np.min([one.low for one in looked.values()], axis=0) if looked else np.zeros(0)
    high = np.max([one.high for one in looked.values()], axis=0) if looked else np.zeros(0)
    finite = low <= high  # False for features without a finite value
    sides = set[str]().union(*(one.sides for one in seen.scans.values()))
    return ColumnFacts(
        kind=seen.kind,
        array=first.array,
        provenance=dataset.features.get(seen.name, {}).get(width or 0, "") or first.provenance,
        dtype=next((one.dtype for one in looked.values()), ""),
        width=width,
        shapes={split: _shape(feature, width) for split, feature in seen.features.items()},
        lengths=_lengths(seen),
        padding="both" if len(sides) == 2 else next(iter(sides), ""),
        empty=seen.count(_empty),
        all_zero=seen.count(_all_zero),
        nan=sum(int(one.nan.sum()) for one in seen.scans.values()),
        infinite=sum(int(one.infinite.sum()) for one in seen.scans.values()),
        constant=tuple(np.flatnonzero(low == high).tolist()) if has_width else (),
        value_range=(float(low[finite].min()), float(high[finite].max())) if finite.any() else None,
    )


def _findings(
    seen: Seen, facts: ColumnFacts, dataset: type[Dataset], layout: str
) -> Iterator[Finding]:
    if facts.nan or facts.infinite:
        yield _bad_values(seen, facts, layout)
    if facts.empty:
        what = "no word" if facts.kind == "text" else "no step"
        action = "they are kept; if there are many, something was lost on the way"
        told = f"{what} in {counted(facts.empty, 'sample')}, {seen.first(_empty)}"
        yield Finding("warning", seen.name, told, action)
    if facts.all_zero:
        count = counted(facts.all_zero, "sample")
        told = f"nothing but zeros in {count}, {seen.first(_all_zero)}"
        action = "they are kept; if there are many, the extraction failed"
        yield Finding("warning", seen.name, told, action)
    if facts.padding == "both":
        told = "some samples are padded in front and others behind; zeros at both ends are cut off"
        yield Finding("note", seen.name, told)
    if facts.constant:
        level: Level = "warning" if len(facts.constant) == facts.width else "note"
        more = len(facts.constant) - SHOWN
        which = ", ".join(map(str, facts.constant[:SHOWN])) + (f" and {more} more" * (more > 0))
        told = f"{len(facts.constant)} of {facts.width} features never change: number {which}"
        yield Finding(level, seen.name, told, "they tell a model nothing")
    known = dataset.features.get(seen.name, {})
    if known and facts.width is not None and facts.width not in known:
        usual = "; ".join(f"{width}: {what}" for width, what in known.items())
        told = f"{facts.width} features are none of the usual ({usual})"
        yield Finding("note", seen.name, told, "say what they are beside every result")


def _bad_values(seen: Seen, facts: ColumnFacts, layout: str) -> Finding:
    def bad(one: Scan) -> Array:
        return one.bad > 0

    told = (
        f"{facts.nan:,} NaN and {counted(facts.infinite, 'infinite value')} in "
        f"{counted(seen.count(bad), 'sample')}, "
        f"{seen.first(bad)}"
    )
    if layout == TABLE:  # research files hold them as a matter of course
        return Finding("fault", seen.name, told, "mend them, or set them to 0 with --nan zero")
    return Finding("warning", seen.name, told, "importing sets them to 0 and says how many")


def _empty(one: Scan) -> Array:
    return one.lengths == 0


def _all_zero(one: Scan) -> Array:
    return one.blank & (one.lengths > 0)


def _lengths(seen: Seen) -> tuple[int, float, int] | None:
    lengths = np.concatenate([one.lengths for one in seen.scans.values()])
    if seen.kind == "vector" or not len(lengths):
        return None
    return int(lengths.min()), float(np.median(lengths)), int(lengths.max())


def _shape(feature: Feature, width: int | None) -> tuple[int | None, ...]:
    if feature.kind in ("vector", "padded"):
        return tuple(np.shape(feature.values))
    return {
        "text": (len(feature),),
        "tokens": (len(feature), None),
        "ragged": (len(feature), None, width),
    }[feature.kind]
