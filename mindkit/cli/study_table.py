"""A study's table in a terminal: on one line a row where it fits, else mean above deviation."""

from __future__ import annotations

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from mindkit.study.cells import ARROWS, Cell, Line, details, left_out, lines, with_papers
from mindkit.study.tables import StudyTable

_STYLES = {"best": "bold", "second": "underline", "": ""}
_UNBOUNDED = 10_000
_IN_FILES_ONLY = ("metric", "p")  # columns of the comparisons that 80 columns have no room for


def print_table(console: Console, table: StudyTable) -> None:
    """Print scores, the first metric's comparisons, and all that must be said with them."""
    scores = _scores(table, stacked=False)
    unbounded = console.options.update(width=_UNBOUNDED)
    if Measurement.get(console, unbounded, scores).maximum > console.width:
        scores = _scores(table, stacked=True)
    console.print()
    console.print(scores)
    if any(row.comparisons for row in table.rows):
        console.print(_comparisons(table))
    for stamp in table.stamps:
        console.print(Text(stamp, "bold yellow"), soft_wrap=True)
    for note in table.footer:
        style = "bold red" if note.startswith("FAILED") else "dim"
        console.print(Text(note, style), soft_wrap=True)
    for line in left_out(table):
        console.print(Text(line, "dim"), soft_wrap=True)
    console.print(Text(table.provenance.line(), "dim"), soft_wrap=True)


def _scores(table: StudyTable, stacked: bool) -> Table:
    papers = with_papers(table)
    shown = Table(title=table.title, title_justify="left")
    shown.add_column("row", overflow="fold")
    for metric, direction in table.metrics.items():
        heading = f"{metric} {ARROWS[direction]}"
        heading = heading.replace("_", "_\n") if stacked else heading
        shown.add_column(heading, justify="right", overflow="fold")
        if metric in papers and not stacked:
            shown.add_column("paper", justify="right")
    shown.add_column("param-\neters" if stacked else "parameters", justify="right", no_wrap=True)
    for line in lines(table):
        if line.heading:
            shown.add_section()
            shown.add_row(Text(line.heading, "italic"))
        shown.add_row(line.name, *_numbers(table, line, papers, stacked), line.parameters)
    if stacked and papers:
        shown.caption = "in parentheses: the paper's"
    return shown


def _numbers(table: StudyTable, line: Line, papers: list[str], stacked: bool) -> list[Text]:
    found = []
    for metric in table.metrics:
        paper = line.papers.get(metric, "")
        cell = _score(line.cells[metric], "\n" if stacked else " ")
        if stacked and paper:
            cell.append(f"\n({paper})")
        found.append(cell)
        if metric in papers and not stacked:
            found.append(Text(paper))
    return found


def _score(cell: Cell, between: str) -> Text:
    style = _STYLES[cell.place]
    stars = (cell.stars, "")
    if not cell.sd:
        return Text.assemble((cell.mean, style), stars)
    if between == "\n":
        return Text.assemble((cell.mean, style), stars, f"\n±{cell.sd}")
    return Text.assemble((f"{cell.mean} ± {cell.sd}", style), stars)


def _comparisons(table: StudyTable) -> Table:
    metric = next(iter(table.metrics))
    title = f"{metric} against {table.baseline}; other metrics are in the CSV and JSON files"
    shown = Table(title=title, title_justify="left")
    headings, rows = details(table, [metric])
    widest = max(len(row.name) for row in table.rows)
    shown.add_column(headings[0], min_width=min(widest, 20), overflow="fold")
    for heading in headings[1:]:
        if heading not in _IN_FILES_ONLY:
            shown.add_column(heading, justify="right", overflow="fold")
    for row in rows:
        cells = zip(headings, row, strict=True)
        shown.add_row(*(cell for heading, cell in cells if heading not in _IN_FILES_ONLY))
    return shown
