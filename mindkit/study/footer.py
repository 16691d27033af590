"""What is said below a table, in plain words: how it was made, and what is odd about its rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mindkit.study.cells import PARAMETERS_DIFFER, STARS, UNDEFINED, has_other_parameters
from mindkit.study.statistics import DEFAULT, words

if TYPE_CHECKING:
    from mindkit.study.tables import StudyTable


def sentences(table: StudyTable) -> Iterator[str]:
    """Yield what must be said below `table`, a sentence or a few at a time."""
    yield from _statistics(table)
    if len(table.rows) > 1:
        yield (
            "The best mean of each metric is bold and the second underlined, among all rows on "
            "these test samples."
        )
    yield from _marks(table)
    yield from _uncompared(table)
    yield from _failures(table)
    yield from table.provenance.differences


def _statistics(table: StudyTable) -> Iterator[str]:
    done = [row for row in table.rows if row.summaries]
    if not done:
        return
    compared = [row for row in done if row.comparisons]
    unpaired = [row.name for row in compared if not _paired(table, row.name)]
    first = table.row(table.baseline) if compared else done[0]
    yield from words(
        DEFAULT,
        baseline=table.baseline,
        samples=next(iter(first.summaries.values())).samples,
        seeds=[len(row.runs) for row in done],
        comparisons=len(compared),
        paired=len(unpaired) < len(compared),
    )
    if unpaired and len(unpaired) < len(compared):
        yield f"Seeds are not paired for {_listed(unpaired)}: they are not the baseline's."
    if compared:
        marks = ", ".join(f"{mark} p < {level:g}" for level, mark in STARS)
        yield f"Stars, by the corrected p against {table.baseline}: {marks}."


def _paired(table: StudyTable, name: str) -> bool:
    one, other = table.row(name), table.row(table.baseline)
    return [run.seed for run in one.runs] == [run.seed for run in other.runs]


def _marks(table: StudyTable) -> Iterator[str]:
    if any(has_other_parameters(table, row) for row in table.rows):
        yield (
            f"{PARAMETERS_DIFFER} The number of parameters differs from that of {table.baseline} "
            "by more than 1 %."
        )
    if any(row.published for row in table.rows):
        yield "Paper: the published number, where data and features are the paper's."
    undefined = [
        f"{metric} of {row.name}"
        for row in table.rows
        for metric, summary in row.summaries.items()
        if math.isnan(summary.mean)
    ]
    if undefined:
        yield f"{UNDEFINED} Not defined for the predictions: {_listed(undefined)}."


def _uncompared(table: StudyTable) -> Iterator[str]:
    if table.baseline and not table.row(table.baseline).runs:
        yield f"Nothing is compared: {table.baseline} has no finished run."
    for row in table.rows:
        if row.other_samples:
            yield f"{row.name} is compared with no other row: {row.other_samples}."


def _failures(table: StudyTable) -> Iterator[str]:
    for row in table.rows:
        for failure in row.failures:
            error = " ".join(failure.error.split())
            yield f"FAILED: {row.name}, seed {failure.seed} ({failure.folder}): {error}"


def _listed(names: list[str]) -> str:
    return "; ".join(names)
