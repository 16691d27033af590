"""What stands in the cells of a table, in words and places that every rendering makes up itself."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mindkit.study.summaries import Comparison, Summary
    from mindkit.study.tables import StudyTable, TableRow

Place = Literal["best", "second", ""]

DIGITS = 3
STARS = ((0.05, "*"), (0.01, "**"), (0.001, "***"))
ARROWS = {"max": "↑", "min": "↓"}
PARAMETERS_DIFFER = "†"
UNDEFINED = "–"
FAILED = "failed"
_DETAILS = (
    "row",
    "metric",
    "mean interval",
    "difference",
    "its interval",
    "p",
    "p (Holm)",
    "effect",
    "p over seeds",
)


@dataclass(frozen=True)
class Cell:
    """One score: mean and deviation as they are printed, the stars, and its place in its column.

    mean: UNDEFINED or FAILED where there is none. sd: "" for a single seed.
    """

    mean: str
    sd: str = ""
    stars: str = ""
    place: Place = ""


@dataclass(frozen=True)
class Line:
    """One row as it is printed. heading: of its group, where that is another than the row's before.

    papers: the published numbers, "" where there is none to show.
    """

    row: TableRow
    heading: str
    name: str
    cells: dict[str, Cell]
    papers: dict[str, str]
    parameters: str


def lines(table: StudyTable) -> Iterator[Line]:
    """Yield the rows in their order."""
    places = {metric: _places(table, metric) for metric in table.metrics}
    group = ""
    for row in table.rows:
        heading = row.group if row.group != group else ""
        group = row.group
        cells = {m: _cell(row, m, places[m].get(row.name, "")) for m in table.metrics}
        papers = {m: f"{row.published[m]:.{DIGITS}f}" for m in row.published}
        yield Line(row, heading, _named(table, row), cells, papers, _parameters(table, row))


def with_papers(table: StudyTable) -> list[str]:
    """Return the metrics for which some row has a published number."""
    return [m for m in table.metrics if any(m in row.published for row in table.rows)]


def has_other_parameters(table: StudyTable, row: TableRow) -> bool:
    """Return whether the row's model has over 1 % more or fewer parameters than the baseline's."""
    if not table.baseline:
        return False
    ours, theirs = row.parameters, table.row(table.baseline).parameters
    return ours is not None and theirs is not None and abs(ours - theirs) > 0.01 * theirs


def details(table: StudyTable, metrics: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Return headings, and a line for each row and metric: intervals, difference, p and effect.

    What there is not is "", and a column without anything is left out.
    """
    found = [
        [
            row.name,
            metric,
            _interval(row.summaries[metric]),
            *_compared(row.comparisons.get(metric)),
        ]
        for row in table.rows
        for metric in metrics
        if metric in row.summaries
    ]
    kept = [at for at in range(len(_DETAILS)) if any(line[at] for line in found)]
    return [_DETAILS[at] for at in kept], [[line[at] for at in kept] for line in found]


def left_out(table: StudyTable) -> Iterator[str]:
    """Yield for each row whose config left something out what that was."""
    for row in table.rows:
        if row.dropped:
            yield f"{row.name} leaves out: {'; '.join(row.dropped)}"


def _compared(comparison: Comparison | None) -> list[str]:
    if comparison is None:
        return [""] * 6
    return [
        _number(comparison.difference, "+"),
        _interval(comparison, "+"),
        _chance(comparison.p),
        _chance(comparison.p_adjusted),
        _number(comparison.effect, "+"),
        _chance(comparison.p_seeds),
    ]


def _places(table: StudyTable, metric: str) -> dict[str, Place]:
    """The best and the second, by the digits that are printed: equal ones share a place."""
    found = {
        row.name: row.summaries[metric].mean
        for row in table.rows
        if metric in row.summaries and not row.other_samples
    }
    means = {name: round(mean, DIGITS) for name, mean in found.items() if not math.isnan(mean)}
    if len(means) < 2:
        return {}
    ordered = sorted(set(means.values()), reverse=table.metrics[metric] == "max")
    places: dict[float, Place] = dict(zip(ordered, ("best", "second"), strict=False))
    return {name: places[mean] for name, mean in means.items() if mean in places}


def _cell(row: TableRow, metric: str, place: Place) -> Cell:
    summary = row.summaries.get(metric)
    if summary is None:
        return Cell(FAILED if row.failures else UNDEFINED)
    sd = "" if math.isnan(summary.sd) else f"{summary.sd:.{DIGITS}f}"
    return Cell(_number(summary.mean), sd, _stars(row.comparisons.get(metric)), place)


def _stars(comparison: Comparison | None) -> str:
    reached = [mark for level, mark in STARS if comparison and comparison.p_adjusted < level]
    return reached[-1] if reached else ""


def _named(table: StudyTable, row: TableRow) -> str:
    if len(row.runs) == table.seeds:
        return row.name
    if row.failures:
        return f"{row.name} ({len(row.runs)} of {row.asked} seeds)"
    return f"{row.name} ({len(row.runs)} run{'s' if len(row.runs) != 1 else ''})"


def _parameters(table: StudyTable, row: TableRow) -> str:
    if row.parameters is None:
        return UNDEFINED
    return f"{row.parameters:,}{PARAMETERS_DIFFER if has_other_parameters(table, row) else ''}"


def _number(value: float, sign: str = "") -> str:
    return UNDEFINED if math.isnan(value) else f"{value:{sign}.{DIGITS}f}"


def _interval(of: Summary | Comparison, sign: str = "") -> str:
    return "" if math.isnan(of.low) else f"[{_number(of.low, sign)}, {_number(of.high, sign)}]"


def _chance(p: float) -> str:
    if math.isnan(p):
        return ""
    return f"{p:.{DIGITS}f}" if p >= 0.001 else "< 0.001"
