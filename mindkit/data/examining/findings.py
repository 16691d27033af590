"""What an examination finds: facts, and findings in plain words with the next action."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Level = Literal["fault", "warning", "note"]
LEVELS: tuple[Level, ...] = ("fault", "warning", "note")


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 sample", "1,284 samples"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


@dataclass(frozen=True)
class Finding:
    """One thing to know about the data.

    level: "fault", it cannot be imported or must not be used; "warning", look at it; "note".
    where: the file, split or column. action: what to do next, "" where there is nothing to do.
    """

    level: Level
    where: str
    what: str
    action: str = ""


@dataclass(frozen=True)
class FileFacts:
    """One file: its size in bytes, its SHA-256, and what published file that is ("" if none)."""

    path: str
    size: int
    sha256: str
    known: str = ""


@dataclass(frozen=True)
class SplitFacts:
    """One split. label_range: least and greatest finite label; None for classes.

    labels: class -> count, or the label rounded half to even -> count ({} where that says nothing).
    zero_labels: labels that are exactly 0; None for classes. videos: how many; None where unknown.
    """

    samples: int
    zero_labels: int | None
    label_range: tuple[float, float] | None
    labels: dict[str, int]
    videos: int | None


@dataclass(frozen=True)
class ColumnFacts:
    """One column over all splits.

    shapes: split -> shape as stored, the steps being None where every sample has its own number.
    lengths: least, median and greatest number of real steps (words of a text); None for vectors.
    padding: the side of the zeros that fill up, "" where nothing is filled up.
    empty: samples without a step or word. all_zero: samples with steps of which none differs from
    0. nan, infinite: values. constant: features with one value throughout.
    value_range: least and greatest finite value; None for text.
    """

    kind: str
    array: str
    provenance: str
    dtype: str
    width: int | None
    shapes: dict[str, tuple[int | None, ...]]
    lengths: tuple[int, float, int] | None
    padding: str
    empty: int
    all_zero: int
    nan: int
    infinite: int
    constant: tuple[int, ...]
    value_range: tuple[float, float] | None


@dataclass(frozen=True)
class Facts:
    """What the data are. dataset: as what they were examined, "" if as none in particular.

    guessed: by what the data set was told, where the user did not name it. counts: which known copy
    has these numbers of samples, "" if none. aligned: what the layout says, None if nothing.
    same_steps: share of the samples in which all sequences, and the words where there are any,
    have one length; None where there are fewer than two such columns.
    leaky: modality -> why it knows labels. imported: of an import, its manifest's origin.
    """

    format: str = ""
    layout: str = ""
    dataset: str = ""
    guessed: str = ""
    counts: str = ""
    files: tuple[FileFacts, ...] = ()
    splits: dict[str, SplitFacts] = field(default_factory=dict[str, SplitFacts])
    columns: dict[str, ColumnFacts] = field(default_factory=dict[str, ColumnFacts])
    aligned: bool | None = None
    same_steps: float | None = None
    leaky: dict[str, str] = field(default_factory=dict[str, str])
    imported: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Examination:
    """The doctor's result: `facts`, and `findings` with the faults first."""

    target: str
    facts: Facts
    findings: tuple[Finding, ...]

    def of(self, level: Level) -> tuple[Finding, ...]:
        """The findings of one level."""
        return tuple(finding for finding in self.findings if finding.level == level)

    @property
    def usable(self) -> bool:
        """True if there is no fault: it can be imported, and every column used."""
        return not self.of("fault")

    def as_dict(self) -> dict[str, Any]:
        """Facts and findings as plain data, ready for JSON."""
        return {"target": self.target, "usable": self.usable} | {
            "facts": asdict(self.facts),
            "findings": [asdict(finding) for finding in self.findings],
        }
