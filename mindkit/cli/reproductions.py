"""What `mindkit reproduce` prints: what differs from then, and how the numbers came out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console
from rich.table import Table

from mindkit.study.differences import Difference, in_words
from mindkit.study.folders import Setting
from mindkit.study.reproduction import Again, Reproduced, RowAgain, Score
from mindkit.study.then_and_now import Wanted

SHOWN_METRICS = 3
AS_EXPECTED = (
    "config, versions, device, plugins and data are as they were: the same numbers to the bit are "
    "expected"
)
STYLES = {"identical": "green", "within tolerance": "green", "different": "bold red"}


def show_wanted(console: Console, wanted: Sequence[Wanted]) -> None:
    """Print what differs from then, each difference once, and what cannot be made again."""
    lines = list(_differences(wanted))
    for line in lines:
        console.print(line, style="yellow", soft_wrap=True)
    if not lines and any(one.job for one in wanted):
        console.print(AS_EXPECTED, style="dim", soft_wrap=True)
    for one in wanted:
        if one.error:
            console.print(f"{one.row}: {one.error}", style="bold red", soft_wrap=True)


def show_outcome(console: Console, outcome: Reproduced) -> None:
    """Print scores as saved and again: all of a single run, the first of each row of a table."""
    runs = [run for row in outcome.rows for run in row.runs]
    console.print()
    if len(runs) == 1:
        console.print(_run_table(runs[0]))
    else:
        console.print(_row_table(outcome.rows))
    for run in runs:
        if run.error:
            console.print(f"{run.saved}: {run.error}", style="bold red", soft_wrap=True)
        elif run.read:
            text = f"{run.folder}: reproduced before and read again; --fresh makes it anew"
            console.print(text, style="dim", soft_wrap=True)
    console.print(_in_short(outcome), style="bold" if outcome.reproduced else "bold red")


def _differences(wanted: Sequence[Wanted]) -> Iterator[str]:
    where: dict[str, list[str]] = {}
    for one in wanted:
        for difference in one.differences:
            where.setdefault(_said(difference), []).append(one.folder.name)
    for line, names in where.items():
        yield line if len(names) == len(wanted) else f"{line} ({', '.join(names)})"


def _said(difference: Difference) -> str:
    then, now = map(_value, difference.settings)
    return f"{difference.part} {difference.path}: {then} then, {now} now"


def _value(setting: Setting | None) -> str:
    return "not there" if setting is None else in_words(setting.value)


def _run_table(run: Again) -> Table:
    title = f"{run.saved} -> {run.folder}" if run.folder else str(run.saved)
    table = Table(title=title, title_justify="left")
    table.add_column("metric")
    for split in ("valid", "test"):
        for which in ("saved", "again"):
            table.add_column(f"{split}, {which}", justify="right")
    by_metric: dict[str, list[Score]] = {}
    for score in run.scores:
        by_metric.setdefault(score.metric, []).append(score)
    for metric, scores in by_metric.items():
        cells = [f"{value:.6f}" for score in scores for value in (score.saved, score.again)]
        table.add_row(metric, *cells)
    if run.predictions:
        cells = [_number(run.predictions.get(split, math.inf)) for split in ("valid", "test")]
        table.add_row("predictions, greatest distance", "", cells[0], "", cells[1])
    return table


def _row_table(rows: Iterable[RowAgain]) -> Table:
    rows = list(rows)
    metrics = list(dict.fromkeys(s.metric for row in rows for s in row.means if s.split == "test"))
    table = Table(title="test split, mean saved / again", title_justify="left")
    table.add_column("row", overflow="fold")
    table.add_column("runs", justify="right")
    for metric in metrics[:SHOWN_METRICS]:
        table.add_column(metric, justify="right")
    table.add_column("greatest distance\nof mean scores", justify="right")
    table.add_column("of predictions", justify="right")
    table.add_column("")
    for row in rows:
        test = {score.metric: score for score in row.means if score.split == "test"}
        cells = [_pair(test.get(metric)) for metric in metrics[:SHOWN_METRICS]]
        made = [run for run in row.runs if run.folder is not None]
        scores = _number(max((score.apart for score in row.means), default=math.nan))
        distances = [d for run in made for d in (run.predictions or {}).values()]
        predictions = _number(max(distances, default=math.nan))
        count = f"{len(made)} of {len(row.runs)}"
        style = STYLES.get(row.verdict, "bold red")
        table.add_row(row.name, count, *cells, scores, predictions, row.verdict, style=style)
    return table


def _pair(score: Score | None) -> str:
    return "" if score is None else f"{score.saved:.4f} / {score.again:.4f}"


def _number(value: float) -> str:
    if math.isnan(value):
        return ""
    return "other samples" if math.isinf(value) else f"{value:.3g}"


def _in_short(outcome: Reproduced) -> str:
    verdicts = [row.verdict for row in outcome.rows]
    within = f"every score is within {outcome.tolerance:g} of the saved one"
    if all(verdict == "identical" for verdict in verdicts):
        return "reproduced: scores and predictions are identical to the bit"
    if outcome.reproduced:
        return f"reproduced within tolerance: {within}"
    words = {verdict: verdicts.count(verdict) for verdict in dict.fromkeys(verdicts)}
    return f"NOT reproduced (tolerance {outcome.tolerance:g}): " + ", ".join(
        f"{count} {verdict}" for verdict, count in words.items()
    )
