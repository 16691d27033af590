"""What `mindkit data check` prints: a page that is read in half a minute."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mindkit.data.examining.findings import (
    LEVELS,
    ColumnFacts,
    Examination,
    Facts,
    SplitFacts,
    counted,
)

STYLES = {"fault": "bold red", "warning": "yellow", "note": "dim"}
WIDTH_OF_FILES = 160  # columns of output that goes to a file or a pipe
PADDING = {"leading": "zeros in front", "trailing": "zeros behind", "both": "zeros at both ends"}
FEW = 7  # classes that are listed one by one


def print_examination(examination: Examination) -> None:
    """Print header, splits, columns and findings; plain text where there is no terminal."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_OF_FILES
    facts = examination.facts
    title = f"{examination.target}: {facts.layout}" if facts.layout else examination.target
    console.print(_plain(title), style="bold", soft_wrap=True)
    for line in _header(facts):
        console.print(f"  {_plain(line)}", soft_wrap=True)
    tables = [
        *([_splits(facts)] if facts.splits else []),
        *([_columns(facts)] if facts.columns else []),
        *([_findings(examination)] if examination.findings else []),
    ]
    for table in tables:
        console.print()
        console.print(table)
    console.print()
    console.print(Text.assemble(*_verdict(examination)))


def _header(facts: Facts) -> Iterator[str]:
    if facts.dataset:
        told = f", told by {facts.guessed}" if facts.guessed else ""
        copy = f"; as many samples as {facts.counts}" if facts.counts else ""
        yield f"examined as {facts.dataset}{told}{copy}"
    elif facts.splits:
        yield "examined as no data set in particular: name one with --as NAME"
    for what, value in facts.imported.items():
        yield f"{what}: {value}"
    for file in facts.files:
        known = f", known as {file.known}" if file.known else ""
        yield f"{file.path}: {_size(file.size)}, SHA-256 {file.sha256}{known}"
    if facts.columns:
        said = {True: "aligned", False: "unaligned", None: "not said whether aligned"}
        share = facts.same_steps
        measured = "" if share is None else f"; equally long in {share:.1%} of the samples"
        yield said[facts.aligned] + measured


def _splits(facts: Facts) -> Table:
    of_classes = all(split.zero_labels is None for split in facts.splits.values())
    numbers = ("> label = 0", "label range", "> videos", "labels, rounded")
    table = _table("split", "> samples", *(("> videos", "classes") if of_classes else numbers))
    for name, split in facts.splits.items():
        videos = "?" if split.videos is None else f"{split.videos:,}"
        if of_classes:
            table.add_row(name, f"{split.samples:,}", videos, _plain(_classes(split)))
            continue
        zeros = "" if split.zero_labels is None else f"{split.zero_labels:,}"
        spread = "{:g} to {:g}".format(*split.label_range) if split.label_range else ""
        bars = "  ".join(f"{label}:{count}" for label, count in split.labels.items())
        table.add_row(name, f"{split.samples:,}", zeros, spread, videos, bars)
    return table


def _classes(split: SplitFacts) -> str:
    if len(split.labels) <= FEW:
        return "  ".join(f"{name}: {count}" for name, count in split.labels.items())
    ranked = Counter(split.labels).most_common()
    (most, many), (least, few) = ranked[0], ranked[-1]
    return f"{len(ranked)} classes, from {many} ({most}) to {few} ({least})"


def _columns(facts: Facts) -> Table:
    table = _table(
        "column", "kind", "stored as", "least, median, most steps", "range", "what it is"
    )
    for name, column in facts.columns.items():
        steps = "" if column.lengths is None else "{}, {:g}, {}".format(*column.lengths)
        padding = f"; {PADDING[column.padding]}" if column.padding else ""
        spread = ""
        if column.value_range and column.kind != "tokens":
            spread = "{:.3g} to {:.3g}".format(*column.value_range)
        what = column.provenance or (f"array '{column.array}'" if column.array else "")
        table.add_row(
            _plain(name), column.kind, _stored(column), steps + padding, spread, _plain(what)
        )
    return table


def _stored(column: ColumnFacts) -> str:
    """The shape and type, "N × 50 × 5 float32"; n are steps that differ by sample or by split."""
    shapes = {shape[1:] for shape in column.shapes.values()}
    axes = [set(axis) for axis in zip(*shapes, strict=True)]
    sizes = ["n" if None in axis or len(axis) > 1 else str(*axis) for axis in axes]
    shape = " × ".join(["N", *sizes])
    return shape if column.kind == "text" else f"{shape} {column.dtype}"


def _findings(examination: Examination) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", max_width=24)
    table.add_column(overflow="fold")
    for finding in examination.findings:
        style = STYLES[finding.level]
        quiet = "dim" if finding.level == "note" else ""
        told = Text(_plain(finding.what), quiet)
        if finding.action:
            told.append(f"\n→ {_plain(finding.action)}", quiet or "bold")
        table.add_row(Text(finding.level, style), Text(_plain(finding.where), style), told)
    return table


def _verdict(examination: Examination) -> Iterator[tuple[str, str]]:
    yield ("usable: " if examination.usable else "not usable as it is: ", "bold")
    for number, level in enumerate(LEVELS):
        found = len(examination.of(level))
        yield (", " * (number > 0), "")
        yield (counted(found, level), STYLES[level] if found else "")


def _table(*headings: str) -> Table:
    """A table without frames; a heading that begins with ">" is of numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        name = heading.removeprefix("> ")
        table.add_column(name, justify="right" if name != heading else "left", overflow="fold")
    return table


def _size(size: int) -> str:
    value, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB"):
        if value >= 1000:
            value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"


def _plain(text: str) -> str:
    """Text out of a file, without what would steer a terminal or cannot be written."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)
