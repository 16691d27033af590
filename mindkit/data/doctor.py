"""The doctor: what a file, a folder or an import holds, and what is wrong with it."""

from __future__ import annotations

from mindkit.data.examining.columns import examine_columns
from mindkit.data.examining.findings import LEVELS, Examination, Facts, Finding
from mindkit.data.examining.labels import examine_labels
from mindkit.data.examining.origin import (
    Known,
    counts_of,
    examine_origin,
    file_facts,
    guess,
    leaks_of,
)
from mindkit.data.examining.samples import examine_samples, same_steps
from mindkit.data.raw import Raw
from mindkit.kinds import Dataset


class Unnamed(Dataset):
    """Data of which it is not known what they are: nothing is expected of them."""

    task = ""


def examine(raw: Raw, known: Known, name: str = "", target: str = "") -> Examination:
    """Examine data that have been read, as the data set `name`, or else as what they must be."""
    files = file_facts(raw.files, known)
    guessed = ""
    if not name:
        name, guessed = guess(raw, files, known)
    dataset = known.get(name, Unnamed)
    labels = [label for split, part in raw.parts.items() if split for label in part.labels]
    dataset = dataset.fitted(labels)
    splits, findings = examine_labels(raw, dataset)
    columns, scans, of_columns = examine_columns(raw, dataset)
    leaky = leaks_of(raw, files, dataset)
    findings += [
        *of_columns,
        *examine_samples(raw, scans),
        *examine_origin(raw, dataset, leaky),
    ]
    facts = Facts(
        format=raw.format,
        layout=raw.layout,
        dataset=name,
        guessed=guessed,
        counts=counts_of(raw, dataset),
        files=files,
        splits=splits,
        columns=columns,
        aligned=raw.aligned,
        same_steps=same_steps(raw, scans),
        leaky=leaky,
    )
    return Examination(target or raw.name, facts, _in_order(findings))


def _in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: LEVELS.index(finding.level)))
