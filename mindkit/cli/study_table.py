"""A study's table in a terminal: on one line a row where it fits, else mean above deviation."""

from __future__ import annotations

from collections.abc import Callable

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
    console.print()
    console.print(_fitting(console, _scores, table))
    if any(row.comparisons for row in table.rows):
        console.print(_fitting(console, _comparisons, table))
    for stamp in table.stamps:
        console.print(Text(stamp, "bold yellow"), soft_wrap=True)
    for note in table.footer:
        style = "bold red" if note.startswith("FAILED") else "dim"
        console.print(Text(note, style), soft_wrap=True)
    for line in left_out(table):
        console.print(Text(line, "dim"), soft_wrap=True)
    console.print(Text(table.provenance.line(), "dim"), soft_wrap=True)


def _fitting(console: Console, make: Callable[[StudyTable, bool], Table], of: StudyTable) -> Table:
    """The table with numbers on one line if that is no wider than the console, else stacked."""
    table = make(of, False)
    unbounded = console.options.update(width=_UNBOUNDED)
    fits = Measurement.get(console, unbounded, table).maximum <= console.width
    return table if fits else make(of, True)


def _scores(table: StudyTable, stacked: bool) -> Table:
    papers = with_papers(table)
    shown = Table(title=table.title, title_justify="left")
    shown.add_column("row", overflow="fold")
    for metric, direction in table.metrics.items():
        heading = f"{metric} {ARROWS[direction]}"
        heading = heading.replace("_", "_\n") if stacked else heading
        shown.add_column(heading, justify="right", no_wrap=True)
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


def _comparisons(table: StudyTable, stacked: bool) -> Table:
    metric = next(iter(table.metrics))
    title = f"{metric} against {table.baseline}; other metrics are in the CSV and JSON files"
    shown = Table(title=title, title_justify="left")
    headings, rows = details(table, [metric])
    kept = [at for at, heading in enumerate(headings) if heading not in _IN_FILES_ONLY]
    between = "\n" if stacked else " "
    shown.add_column(headings[0], overflow="fold")
    for at in kept[1:]:
        heading = headings[at].replace(" ", between)
        shown.add_column(heading, justify="right", no_wrap=True)
    for name, *numbers in ([row[at] for at in kept] for row in rows):
        shown.add_row(name, *(number.replace(", ", f",{between}") for number in numbers))
    return shown
