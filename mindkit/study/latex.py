"""A table as LaTeX that needs the package booktabs and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mindkit.study.cells import ARROWS, Cell, details, left_out, lines, with_papers
from mindkit.study.tables import StudyTable

_SIGNS = {
    "\\": r"\textbackslash{}",
    **{sign: rf"\{sign}" for sign in "{}$&#%_"},
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": "$<$",
    ">": "$>$",
    "[": "{[}",  # after a line's end it would begin an optional argument
    "*": "{*}",
    '"': "''",
    "±": r"$\pm$",
    "†": r"$\dagger$",
    "–": "--",
    "−": "$-$",
    "×": r"$\times$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "²": "$^{2}$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
}
_SIGN = re.compile("|".join(map(re.escape, _SIGNS)))
_MINUS = re.compile(r"(?<![\w-])-(?=\d)")
_MARKS = {"best": r"\textbf{%s}", "second": r"\underline{%s}", "": "%s"}


def to_latex(table: StudyTable) -> str:
    """Return two table environments: the scores, and the first metric's comparisons.

    What must be said stands below the first; where numbers come from and what rows left out, in
    comments at the head.
    """
    return "\n".join([*_head(table), *_scores(table), *_comparisons(table), ""])


def escaped(text: str) -> str:
    """Return the text so that LaTeX prints it as it is."""
    text = _MINUS.sub("−", " ".join(text.split()))
    return _SIGN.sub(lambda found: _SIGNS[found[0]], text)


def _head(table: StudyTable) -> Iterator[str]:
    yield r"% needs \usepackage{booktabs}"
    yield f"% {table.provenance.line()}"
    for line in left_out(table):
        yield "% " + " ".join(line.split())


def _scores(table: StudyTable) -> Iterator[str]:
    papers = with_papers(table)
    headings = [""]
    for metric, direction in table.metrics.items():
        headings += [f"{metric} {ARROWS[direction]}", *(["paper"] if metric in papers else [])]
    headings.append("parameters")
    rows: list[str] = []
    for line in lines(table):
        if line.heading:
            rows += [r"\midrule"] if rows else []
            heading = rf"\textit{{{escaped(line.heading)}}}"
            rows.append(rf"\multicolumn{{{len(headings)}}}{{l}}{{{heading}}} \\")
        cells = [escaped(line.name)]
        for metric in table.metrics:
            cells.append(_marked(line.cells[metric]))
            cells += [line.papers.get(metric, "")] if metric in papers else []
        rows.append(_line([*cells, escaped(line.parameters)]))
    yield from _environment(table, table.title, headings, 1, rows, list(table.footer))


def _comparisons(table: StudyTable) -> Iterator[str]:
    if not any(row.comparisons for row in table.rows):
        return
    metric = next(iter(table.metrics))
    headings, found = details(table, [metric])
    rows = [_line([escaped(cell) for cell in line]) for line in found]
    title = f"{table.title}: {metric} against {table.baseline}"
    notes = ["Other metrics are in the CSV and JSON files."] if len(table.metrics) > 1 else []
    yield from _environment(table, title, headings, 2, rows, notes)


def _environment(
    table: StudyTable,
    title: str,
    headings: list[str],
    words: int,
    rows: list[str],
    notes: list[str],
) -> Iterator[str]:
    marks = "".join(rf" \textbf{{{escaped(stamp)}}}" for stamp in table.stamps)
    yield r"\begin{table}"
    yield r"\centering"
    yield rf"\caption{{{escaped(title)}.{marks}}}"
    yield rf"\begin{{tabular}}{{{'l' * words}{'r' * (len(headings) - words)}}}"
    yield r"\toprule"
    yield _line([escaped(heading) for heading in headings])
    yield r"\midrule"
    yield from rows
    yield r"\bottomrule"
    yield r"\end{tabular}"
    for note in notes:
        yield rf"\par{{\footnotesize {escaped(note)}\par}}"
    yield r"\end{table}"


def _marked(cell: Cell) -> str:
    score = escaped(f"{cell.mean} ± {cell.sd}" if cell.sd else cell.mean)
    stars = f"$^{{{cell.stars}}}$" if cell.stars else ""
    return _MARKS[cell.place] % score + stars


def _line(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"
