"""Tables as files: Markdown, LaTeX, CSV and JSON, each with all that must be said with it."""

from __future__ import annotations

import csv
import io
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from mindkit.data.files import writing
from mindkit.study.cells import ARROWS, Cell, details, left_out, lines, with_papers
from mindkit.study.latex import to_latex
from mindkit.study.table_json import to_json
from mindkit.study.tables import StudyTable, TableRow

_MARKDOWN = str.maketrans({sign: f"\\{sign}" for sign in "\\|*<~`"})
_MARKS = {"best": "**{}**", "second": "<ins>{}</ins>", "": "{}"}


def write_tables(table: StudyTable, folder: Path | str) -> list[Path]:
    """Write `table.md`, `.tex`, `.csv` and `.json` to `folder`: all of them or none."""
    texts = {
        "table.md": to_markdown(table),
        "table.tex": to_latex(table),
        "table.csv": to_csv(table),
        "table.json": to_json(table),
    }
    paths = [Path(folder) / name for name in texts]
    with ExitStack() as stack:
        temporary = [stack.enter_context(writing(path)) for path in paths]
        for path, text in zip(temporary, texts.values(), strict=True):
            path.write_text(text, encoding="utf-8", newline="")
    return paths


def to_markdown(table: StudyTable) -> str:
    """Return pipe tables: the scores, the comparisons, and below them what must be said."""
    parts = [f"## {_escaped(table.title)}"]
    parts += [f"**{_escaped(stamp)}**" for stamp in table.stamps]
    parts.append(_scores(table))
    notes = [*table.footer, f"Made with {table.provenance.line()}."]
    parts.append("\n".join(f"- {_escaped(note)}" for note in notes))
    if any(row.comparisons for row in table.rows):
        headings, rows = details(table, list(table.metrics))
        cells = [[_escaped(cell) for cell in row] for row in rows]
        parts += [f"### Against {_escaped(table.baseline)}", _pipes(headings, cells, 2)]
    if without := [f"- {_escaped(line)}" for line in left_out(table)]:
        parts += ["### Left out", "\n".join(without)]
    return "\n\n".join(parts) + "\n"


def to_csv(table: StudyTable) -> str:
    """Return a line for each row and metric, every number at full precision.

    A row without a finished run has its lines too, with its errors. The first line has the notes.
    """
    text = io.StringIO()
    records = [
        _record(table, row, metric) for row in table.rows for metric in (table.metrics or [""])
    ]
    for number, record in enumerate(records):
        record["notes"] = "" if number else " ".join(table.footer)
    writer = csv.DictWriter(text, list(records[0]) if records else ["row"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


def _scores(table: StudyTable) -> str:
    papers = with_papers(table)
    headings = ["row"]
    for metric, direction in table.metrics.items():
        headings += [f"{metric} {ARROWS[direction]}", *(["paper"] if metric in papers else [])]
    rows = []
    for line in lines(table):
        if line.heading:
            rows.append([f"*{_escaped(line.heading)}*", *[""] * len(headings)])
        cells = [_escaped(line.name)]
        for metric in table.metrics:
            cells.append(_marked(line.cells[metric]))
            cells += [line.papers.get(metric, "")] if metric in papers else []
        rows.append([*cells, line.parameters])
    return _pipes([*headings, "parameters"], rows, 1)


def _pipes(headings: list[str], rows: list[list[str]], words: int) -> str:
    """A pipe table whose first `words` columns are words and the others numbers."""
    from tabulate import tabulate

    align = ["left"] * words + ["right"] * (len(headings) - words)
    return tabulate(rows, headings, tablefmt="pipe", disable_numparse=True, colalign=align)


def _marked(cell: Cell) -> str:
    score = f"{cell.mean} ± {cell.sd}" if cell.sd else cell.mean
    return _MARKS[cell.place].format(score) + cell.stars.translate(_MARKDOWN)


def _escaped(text: str) -> str:
    return text.translate(_MARKDOWN)


def _record(table: StudyTable, row: TableRow, metric: str) -> dict[str, Any]:
    summary, comparison = row.summaries.get(metric), row.comparisons.get(metric)

    def of(part: Any, name: str) -> Any:
        return "" if part is None else getattr(part, name)

    return {
        "dataset": table.dataset,
        "group": row.group,
        "row": row.name,
        "metric": metric,
        "better": table.metrics.get(metric, ""),
        **{name: of(summary, name) for name in ("mean", "sd", "low", "high", "level", "samples")},
        "seeds": len(row.runs),
        "seeds_asked": row.asked,
        "scores": "; ".join(
            f"{r.seed}: {r.scores[metric]!r}" for r in row.runs if metric in r.scores
        ),
        "published": row.published.get(metric, ""),
        "baseline": table.baseline,
        "difference": of(comparison, "difference"),
        "difference_low": of(comparison, "low"),
        "difference_high": of(comparison, "high"),
        **{name: of(comparison, name) for name in ("p", "p_adjusted", "effect", "effect_name")},
        "p_seeds": of(comparison, "p_seeds"),
        "test": of(comparison, "test"),
        "other_samples": row.other_samples,
        "parameters": "" if row.parameters is None else row.parameters,
        "dropped": "; ".join(row.dropped),
        "failures": "; ".join(f"seed {one.seed}: {one.error}" for one in row.failures),
        "stamps": "; ".join(row.stamps),
        "provenance": table.provenance.line(),
    }
